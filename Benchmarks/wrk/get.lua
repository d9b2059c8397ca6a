-- GET of the URL; anything but 200 counts as bad. BENCH_TOKEN is sent if it is not empty.
local report = dofile(os.getenv("BENCH_WRK") .. "/report.lua")
local token = os.getenv("BENCH_TOKEN") or ""

function setup(thread)
    report.track(thread)
end

function init()
    bad = 0
    local headers = {}
    if token ~= "" then headers["Authorization"] = "Bearer " .. token end
    message = wrk.format("GET", wrk.path, headers)
end

function request()
    return message
end

function response(status)
    if status ~= 200 then bad = bad + 1 end
end

done = report.done

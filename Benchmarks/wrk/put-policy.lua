-- PUT of distinct policies; anything but 201 counts as bad. BENCH_RUN makes names distinct per run.
-- BENCH_TOKEN is sent if it is not empty. With BENCH_NAMES each thread changes so many policies again and again, so that
-- the site does not grow; then 200 is good too.
local report = dofile(os.getenv("BENCH_WRK") .. "/report.lua")
local run = os.getenv("BENCH_RUN")
local threads = 0
local names = tonumber(os.getenv("BENCH_NAMES") or "")

function setup(thread)
    thread:set("id", threads)
    threads = threads + 1
    report.track(thread)
end

function init()
    sent, bad = 0, 0
end

-- About 600 bytes, as a policy between two security groups is.
local body = [[{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"%s","labels":{"purpose":"benchmark"}},"spec":{"order":500,"selector":"has(sg.projectcalico.org/openstack-a7734e61-b545-452d-a3cd-0189cbd9747a)","types":["Ingress"],"ingress":[{"action":"Allow","protocol":"TCP","source":{"selector":"has(sg.projectcalico.org/openstack-85cc3048-abc3-43cc-89b3-377341426ac5)"},"destination":{"ports":[80,443]}},{"action":"Allow","protocol":"UDP","source":{"nets":["10.1.0.0/16","10.2.0.0/16"]},"destination":{"ports":[53]}}]}}]]
local headers = { ["Content-Type"] = "application/json" }
local token = os.getenv("BENCH_TOKEN") or ""
if token ~= "" then headers["Authorization"] = "Bearer " .. token end

function request()
    sent = sent + 1
    local name, text = string.format("bench-%s-%d-%d", run, id, sent), body
    if names then
        name = string.format("again-%d-%d", id, sent % names)
        text = body:gsub("500", string.format("%d", tonumber(run:sub(-6)) + sent), 1)
    end
    return wrk.format("PUT", "/v1/policies/" .. name, headers, string.format(text, name))
end

function response(status)
    if status ~= 201 and not (names and status == 200) then bad = bad + 1 end
end

done = report.done

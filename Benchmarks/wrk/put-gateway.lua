-- etcd's JSON gateway: Put of distinct keys with 600-byte values, as networking-calico writes.
local report = dofile(os.getenv("BENCH_WRK") .. "/report.lua")
local run = os.getenv("BENCH_RUN")
local threads = 0

function setup(thread)
    thread:set("id", threads)
    threads = threads + 1
    report.track(thread)
end

local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function digit(number)
    return alphabet:sub(number + 1, number + 1)
end

-- Base64 of a text whose length is a multiple of three.
local function base64(text)
    local out = {}
    for i = 1, #text, 3 do
        local a, b, c = text:byte(i, i + 2)
        local n = a * 65536 + b * 256 + c
        out[#out + 1] = digit(math.floor(n / 262144)) .. digit(math.floor(n / 4096) % 64)
            .. digit(math.floor(n / 64) % 64) .. digit(n % 64)
    end
    return table.concat(out)
end

local value = base64(string.rep("policy", 100))
local headers = { ["Content-Type"] = "application/json" }

function init()
    sent, bad = 0, 0
    prefix = string.format("/bench/gateway/%s-%d-", run, id)
    prefix = prefix .. string.rep("-", (3 - #prefix % 3) % 3)
end

function request()
    sent = sent + 1
    local key = base64(prefix .. string.format("%09d", sent))
    local body = '{"key":"' .. key .. '","value":"' .. value .. '"}'
    return wrk.format("POST", "/v3/kv/put", headers, body)
end

function response(status)
    if status ~= 200 then bad = bad + 1 end
end

done = report.done

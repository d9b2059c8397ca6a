-- One line that Benchmarks/run reads: answers per second, bad answers, latency in microseconds.
local report = { threads = {} }

function report.track(thread)
    table.insert(report.threads, thread)
end

function report.done(summary, latency)
    local bad = 0
    for _, thread in ipairs(report.threads) do
        bad = bad + (thread:get("bad") or 0)
    end
    local errors = summary.errors
    bad = bad + errors.connect + errors.read + errors.write + errors.timeout
    io.write(string.format("RESULT %d %.1f %d %d %d\n", summary.requests,
        summary.requests / (summary.duration / 1e6), bad,
        latency:percentile(50), latency:percentile(99)))
end

return report

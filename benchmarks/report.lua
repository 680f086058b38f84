-- Prints what wrk saw as a line of JSON.
function done(summary, latency, requests)
  io.write(string.format('{"requests": %d, "seconds": %.3f, "bad": %d, "p50_ms": %.2f, "p99_ms": %.2f}\n',
    summary.requests, summary.duration / 1e6,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end

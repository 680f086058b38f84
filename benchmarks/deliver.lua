-- Sends the deliveries of the file named by $REQUESTS, each once and then again, and prints a line of JSON.
local requests, n, i = {}, 0, 0

function init(args)
  local path = args[1] or "/webhooks/twitter"
  for line in io.lines(os.getenv("REQUESTS")) do
    local signature, body = line:match("^([^\t]*)\t(.*)$")
    n = n + 1
    requests[n] = wrk.format("POST", path, {
      ["Content-Type"] = "application/json",
      ["X-Twitter-Webhooks-Signature"] = signature,
    }, body)
  end
end

function request()
  i = i % n + 1
  return requests[i]
end

function done(summary, latency, requests)
  io.write(string.format('{"requests": %d, "seconds": %.3f, "bad": %d, "p50_ms": %.2f, "p99_ms": %.2f}\n',
    summary.requests, summary.duration / 1e6,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end

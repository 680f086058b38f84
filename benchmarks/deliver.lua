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

dofile(os.getenv("HERE") .. "/report.lua")

-- The record of who changed what: written by the very call that makes the change.

-- Adds an entry. `figures` are names and values by turns: `before:…`, `after:…`.
local function record(log, keep, who, what, subject, figures)
  redis.call('XADD', log, 'MAXLEN', '~', keep, '*', 'who', who, 'what', what, 'subject', subject,
    unpack(figures))
end

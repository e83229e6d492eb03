-- Keeps what the catalog said last of each show.
--
-- KEYS[1]  hash: show -> "<microseconds>\0<event id>\0<entry>", the entry empty of a show that is over
-- KEYS[2]  sorted set: show -> when its entry can go, in seconds
-- ARGV     now in seconds, then for each change: show, microseconds, event id, when it can go, entry
-- Times are since 1970-01-01.
--
-- The greatest (microseconds, event id) counts, so neither order nor repetition changes what is kept. A show
-- that is over is remembered as long as an event from before can come.
-- Returns how many changes changed something.

local function is_greater(text, other)
  -- Not `>`: that goes by the server's locale.
  for i = 1, math.max(#text, #other) do
    local mine, theirs = string.byte(text, i) or -1, string.byte(other, i) or -1
    if mine ~= theirs then return mine > theirs end
  end
  return false
end

for _, show in ipairs(redis.call("ZRANGEBYSCORE", KEYS[2], "-inf", ARGV[1], "LIMIT", 0, 1000)) do
  redis.call("HDEL", KEYS[1], show)
  redis.call("ZREM", KEYS[2], show)
end

local changed = 0
for i = 2, #ARGV, 5 do
  local show, time, event, forgotten, entry = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local known_time, known_event = string.match(redis.call("HGET", KEYS[1], show) or "", "^(%d+)%z([^%z]*)%z")
  local newer = not known_time or tonumber(time) > tonumber(known_time)
  if newer or (tonumber(time) == tonumber(known_time) and is_greater(event, known_event)) then
    redis.call("HSET", KEYS[1], show, time .. "\0" .. event .. "\0" .. entry)
    redis.call("ZADD", KEYS[2], forgotten, show)
    changed = changed + 1
  end
end

local last = redis.call("ZREVRANGE", KEYS[2], 0, 0, "WITHSCORES")[2]
if last then
  redis.call("EXPIREAT", KEYS[1], last)
  redis.call("EXPIREAT", KEYS[2], last)
end
return changed

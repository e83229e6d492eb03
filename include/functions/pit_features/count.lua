-- Counts likes and sessions of one user, show or creator, each once.
--
-- KEYS[1]     counters: "<day>,<likes>,<listens>,<long sessions>,<milliseconds>" for each day, ";" between
-- KEYS[2...]  seen: hash of what counts on the first day, on the one after it, ...
-- ARGV        first day, days that seen hashes are kept, days that counts are kept,
--             then for each observation: identity, "like" or "session", first and last time ("" if not known)
-- Times are milliseconds since 1970-01-01, days are days since then.
--
-- A like or a session is what all its observations say together: the earliest first time and the latest last
-- time. It counts on the day of its latest observation. So neither order nor repetition changes a count, and it is
-- remembered as long as any event about it can come again.
-- Returns how many observations changed something.

local DAY, LONG = 86400000, 300000
local first_day, seen_days, counted_days = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

local function day_of(first, last)
  return math.floor(math.max(first or last, last or first) / DAY)
end

-- Before anything is written: an error does not undo what a script has done.
for i = 4, #ARGV, 4 do
  local day = day_of(tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3]))
  if not KEYS[2 + day - first_day] or day < first_day then
    return redis.error_reply("day " .. day .. " is none of the days from " .. first_day .. " that are counted")
  end
end

local days = {}
for day, likes, listens, long, ms in
  string.gmatch(redis.call("GET", KEYS[1]) or "", "(%d+),(%d+),(%d+),(%d+),(%d+)") do
  days[tonumber(day)] = {tonumber(likes), tonumber(listens), tonumber(long), tonumber(ms)}
end

local function add(sign, kind, day, first, last)
  local counts = days[day] or {0, 0, 0, 0}
  days[day] = counts
  if kind == "like" then
    counts[1] = counts[1] + sign
    return
  end
  local ms = first and last and math.max(0, last - first) or 0
  counts[2] = counts[2] + sign
  counts[3] = counts[3] + (ms > LONG and sign or 0)
  counts[4] = counts[4] + sign * ms
end

local function find(identity)
  for i = 2, #KEYS do
    local times = redis.call("HGET", KEYS[i], identity)
    if times then
      local first, last = string.match(times, "^(%d*),(%d*)$")
      return first_day + i - 2, tonumber(first), tonumber(last)
    end
  end
end

local function text(time)
  return time and string.format("%.0f", time) or ""
end

local changed = 0
for i = 4, #ARGV, 4 do
  local identity, kind = ARGV[i], ARGV[i + 1]
  local first, last = tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local day = day_of(first, last)
  local known_day, known_first, known_last = find(identity)
  if known_day then day = math.max(day, known_day) end
  if known_first then first = math.min(first or known_first, known_first) end
  if known_last then last = math.max(last or known_last, known_last) end
  if day ~= known_day or first ~= known_first or last ~= known_last then
    if known_day then add(-1, kind, known_day, known_first, known_last) end
    add(1, kind, day, first, last)
    if known_day and known_day ~= day then redis.call("HDEL", KEYS[2 + known_day - first_day], identity) end
    local seen = KEYS[2 + day - first_day]
    redis.call("HSET", seen, identity, text(first) .. "," .. text(last))
    redis.call("EXPIREAT", seen, (day + 1 + seen_days) * 86400)
    changed = changed + 1
  end
end

if changed > 0 then
  -- The last seen hash is tomorrow's.
  local today = first_day + #KEYS - 3
  local written, newest = {}, first_day
  for day, counts in pairs(days) do
    if day >= today - counted_days then
      newest = math.max(newest, day)
      table.insert(written, string.format("%.0f,%.0f,%.0f,%.0f,%.0f", day, unpack(counts)))
    end
  end
  redis.call("SET", KEYS[1], table.concat(written, ";"))
  redis.call("EXPIREAT", KEYS[1], (newest + 1 + counted_days) * 86400)
end
return changed

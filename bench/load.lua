-- What wrk sends, and what it then tells: one line of JSON. Arguments: kind, token, step, how many numbers.
-- Numbers are those of data.sql, in three spellings; new ones (312 to 319) for what writes.

local random = math.random
local kind, token, step, count
local head

local function national(area, rest)
  return string.format("%d%07d", area, rest)
end

local function known()
  local i = random(0, count - 1)
  return national(212 + i % 8, 2000000 + math.floor(i / 8) * step)
end

local function new()
  return national(312 + random(0, 7), random(2000000, 9999999))
end

local function dashed(digits)
  return digits:sub(1, 3) .. "-" .. digits:sub(4, 6) .. "-" .. digits:sub(7)
end

local function spelled(digits)
  local dice = random(10)
  if dice <= 5 then return digits end
  if dice <= 8 then return "%2B1" .. digits end
  return dashed(digits)
end

local function get(path)
  return "GET " .. path .. head .. "\r\n"
end

local function post(path, body)
  return "POST " .. path .. head .. "Content-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

-- Digest as RFC 7616 has it: a count of its own for each request, so that none is a replay. wrk brings OpenSSL along.
local ffi = require("ffi")
ffi.cdef("unsigned char *MD5(const unsigned char *d, size_t n, unsigned char *md);")
local digested = ffi.new("unsigned char[16]")

local function md5(text)
  ffi.C.MD5(text, #text, digested)
  return (ffi.string(digested, 16):gsub(".", function(c) return string.format("%02x", c:byte()) end))
end

local counted = 0

local function digest_post(uri, body)
  counted = counted + 1
  local nc = string.format("%08x", counted)
  local ha1, nonce = token:match("^(%x+):(.+)$")
  local response = md5(ha1 .. ":" .. nonce .. ":" .. nc .. ":bench:auth:" .. md5("POST:" .. uri))
  return "POST " .. uri .. " HTTP/1.1\r\nHost: bench\r\nAuthorization: Digest username=\"bench\", realm=\"bench\", " ..
    'nonce="' .. nonce .. '", uri="' .. uri .. '", algorithm=MD5, qop=auth, nc=' .. nc .. ', cnonce="bench", response="' ..
    response .. '"\r\nContent-Type: application/json\r\nContent-Length: ' .. #body .. "\r\n\r\n" .. body
end

local requests = {
  lookup = function() return get("/v1/lookup?phone=" .. spelled(known())) end,
  data_set = function()
    local digits = known()
    return get("/api/v1/data_sets/search?customer_contact_number=" .. (random(10) <= 8 and digits or dashed(digits)))
  end,
  cim = function()
    return post("/contacts/getContactsBySearchTerms", '{"phone":"' .. dashed(known()) .. '"}')
  end,
  brightpattern = function()
    local id = math.floor(random(0, count / 10 - 1)) * 10 + 5
    return digest_post("/admin/ws/t/bench/callinglist/get/Renewals/Renewals", '{"Id":"' .. id .. '"}')
  end,
  wolkvox = function() return get("/api/v2/campaign.php?api=find_record&customer_phone=" .. known()) end,
  jtel = function() return get("/rest/v1.0/7/dialler/contacts/contact?userData=crm-" .. random(0, count - 1)) end,
  constant = function() return get("/") end,
  contact = function()
    local digits = new()
    return post("/v1/contacts", '{"attributes":{"customer_id":"N' .. digits .. '","first_name":"Maria","last_name":"Garcia",' ..
      '"phone1":"' .. dashed(digits) .. '","email":"m.garcia.' .. digits .. '@example.com","city":"Springfield"}}')
  end,
  submit = function()
    local digits = new()
    return post("/api/v1/data_sets", '{"customer_contact_number":"' .. digits .. '","data_values":' ..
      '{"reason":"payment","account":"A' .. digits .. '","language":"en"}}')
  end,
}

-- Each thread has a number, and where tokens are numbered too, a token of its own.
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(args)
  kind, token, step, count = args[1], args[2], tonumber(args[3]), tonumber(args[4])
  local credential = kind == "wolkvox" and "wolkvox-token: " .. token .. number or "Authorization: Bearer " .. token
  head = " HTTP/1.1\r\nHost: bench\r\n" .. credential .. "\r\n"
  math.randomseed(os.time() + os.clock() * 1000000)
  request = requests[kind]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%f,"p50":%f,"p99":%f,"bad":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end

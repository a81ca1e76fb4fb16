-- Posts the same step's form again and again, each time with a value that was never sent before, so that each
-- answer is a record or a newer version of one. Keeps each receipt, so that every one of them can be checked.
-- Arguments: file of players (cookie, tab, form key), names of the fields, first value, folder for the receipts,
-- headers that every form has.

local threads = 0
function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

local forms, turn, value, receipts = {}, 0, 0, nil

function init(arguments)
    local names = {}
    for name in arguments[2]:gmatch("[^,]+") do
        table.insert(names, "&" .. name .. "=%d")
    end
    local answers = table.concat(names)
    local length = #answers:gsub("%%d", "123456789")
    local line = 0
    for cookie, key in io.open(arguments[1]):read("*a"):gmatch("([^\t\n]+)\t([^\t\n]+)\n") do
        -- Each thread has players of its own: nobody's answers overtake each other more than they must.
        if line % 2 == number then
            local key_field = "form_key=" .. key
            local head = "POST /play/records HTTP/1.1\r\nHost: " .. wrk.headers["Host"] .. "\r\nCookie: " .. cookie
                .. "\r\n" .. arguments[5] .. "Content-Length: " .. (#key_field + length) .. "\r\n\r\n"
            table.insert(forms, { (head .. key_field):gsub("%%", "%%%%") .. answers, #names })
        end
        line = line + 1
    end
    value = tonumber(arguments[3]) + number * 5000000
    receipts = io.open(arguments[4] .. "/receipts-" .. number, "w")
end

function request()
    turn = turn % #forms + 1
    value = value + 1
    local form = forms[turn]
    if form[2] == 1 then
        return form[1]:format(value)
    end
    return form[1]:format(value, value, value, value, value)
end

function response(status, headers, body)
    receipts:write(status, " ", headers["receipt"] or headers["Receipt"] or "", "\n")
end

function done(summary, latency, requests)
    io.write(string.format('\nFOUND {"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "broken": %d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end

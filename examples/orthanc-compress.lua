-- Compresses each instance that Orthanc stores, without loss: name this file in "LuaScripts" of
-- the configuration, with "OverwriteInstances" : true (the SOP Instance UID stays the same, as it
-- must after a lossless step, so that the compressed instance takes the place of the original).
-- The original is kept whenever anything at all goes wrong.

local TARGET = 'jpeg2000-lossless'
local DICOMTX = 'dicomtx' -- or its full path: a service often has a short PATH

local function read(path)
  local file = assert(io.open(path, 'rb'))
  local content = file:read('*a')
  file:close()
  return content
end

local function write(path, content)
  local file = assert(io.open(path, 'wb'))
  local written = file:write(content)
  -- a full disk may show only when the file is closed
  return file:close() and written
end

-- Returns the DICOM file in TARGET, or nil and why not; the temporary file is its caller's.
local function transcode(dicom, temporary)
  if not write(temporary, dicom) then
    return nil, 'no room for a temporary file'
  end
  local command = string.format("'%s' convert '%s' '%s' --in-place --quiet --to %s", DICOMTX, temporary, temporary, TARGET)
  local ok, _, code = os.execute(command)
  -- Lua 5.1 returns the status alone, later versions true or nil, "exit", code
  if ok ~= true and ok ~= 0 then
    return nil, 'dicomtx ended with exit code ' .. tostring(code or ok)
  end
  return read(temporary)
end

function OnStoredInstance(instanceId, tags, metadata, origin)
  -- What this script stores comes back here: without this guard it would never end.
  if origin['RequestOrigin'] == 'Lua' then
    return
  end

  local original = RestApiGet('/instances/' .. instanceId .. '/file')
  if not original then
    print('dicomtx: cannot read instance ' .. instanceId)
    return
  end

  local temporary = os.tmpname()
  local fine, compressed, reason = pcall(transcode, original, temporary)
  os.remove(temporary)
  if not fine or not compressed then
    print('dicomtx: kept the original of ' .. instanceId .. ': ' .. tostring(fine and reason or compressed))
    return
  end
  if compressed == original then
    return -- nothing to compress: no pixel data, or already in TARGET
  end

  -- Orthanc replaces the original in one step; without OverwriteInstances it leaves it alone.
  local answer = RestApiPost('/instances', compressed)
  local status = answer and ParseJson(answer)['Status']
  if status ~= 'Success' then
    print('dicomtx: kept the original of ' .. instanceId .. ': Orthanc answered ' .. tostring(status))
  end
end

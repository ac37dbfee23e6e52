-- Compresses each instance that Orthanc stores, without loss. Add this file to "LuaScripts" of the
-- configuration, and set "OverwriteInstances" : true. The SOP Instance UID stays the same, so the
-- compressed instance replaces the original. If anything goes wrong, the original is kept.
--
-- orthanc/dicomtx_plugin.py is better, where Orthanc has its Python plugin. This script replaces an
-- instance that is already stored, so Orthanc loses the metadata and attachments of the instance. In
-- a study of one instance, it also loses those of the study and the series, and in a patient of one
-- instance the protection of the patient. Orthanc's REST API waits while the script runs.
--
-- Run 'dicomtx serve' as Orthanc's user: commands then start at once. Without it they take longer.

local TARGET = 'jpeg2000-lossless'
local DICOMTX = 'dicomtx' -- or its full path: the PATH of a service is often short
local SERVER = 'auto' -- or the socket of 'dicomtx serve'

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

-- Returns the DICOM file in TARGET, or nil and the reason. The caller removes the temporary file.
local function transcode(dicom, temporary)
  if not write(temporary, dicom) then
    return nil, 'cannot write a temporary file'
  end
  local arguments = string.format("convert '%s' --in-place --quiet --to %s", temporary, TARGET)
  local command = string.format("DICOMTX_SERVER=%s '%s' %s", SERVER, DICOMTX, arguments)
  local ok, _, code = os.execute(command)
  -- Lua 5.1 returns the status alone, later versions true or nil, "exit", code
  if ok ~= true and ok ~= 0 then
    return nil, 'dicomtx ended with exit code ' .. tostring(code or ok)
  end
  return read(temporary)
end

function OnStoredInstance(instanceId, tags, metadata, origin)
  -- Orthanc calls this function for what the script stores, too. Without this guard it would loop.
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
    return -- no pixel data, or already in TARGET
  end

  -- Orthanc replaces the original in one step. Without OverwriteInstances it keeps the original.
  local answer = RestApiPost('/instances', compressed)
  local status = answer and ParseJson(answer)['Status']
  if status ~= 'Success' then
    print('dicomtx: kept the original of ' .. instanceId .. ': Orthanc answered ' .. tostring(status))
  end
end

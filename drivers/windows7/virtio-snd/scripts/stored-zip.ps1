# SPDX-License-Identifier: MIT OR Apache-2.0
# Writes ZIP files without compression (APPNOTE.TXT 6.3: 4.3.7 local header, 4.3.12 central directory, 4.3.16 end
# record). The same contents give the same bytes: names are sorted, every time is 1980-01-01 00:00. Dot-sourced.

# The CRC-32 that ZIP wants. A gzip stream ends with just that and the length (RFC 1952, 2.3.1), and .NET computes it
# a thousand times faster than a loop of this language.
function Get-Crc32([byte[]]$Bytes) {
    if ($Bytes.Length -eq 0) { return [UInt32]0 }
    $memory = New-Object System.IO.MemoryStream
    $gzip = New-Object System.IO.Compression.GZipStream($memory, [System.IO.Compression.CompressionMode]::Compress, $true)
    $gzip.Write($Bytes, 0, $Bytes.Length)
    $gzip.Close()
    $packed = $memory.ToArray()
    return [BitConverter]::ToUInt32($packed, $packed.Length - 8)
}

# What a local header and an entry of the central directory have in common, from "version needed" to the name's length.
function Write-EntryFields($Writer, $Entry) {
    $Writer.Write([UInt16]10)            # needs version 1.0
    $Writer.Write([UInt16]0)             # flags
    $Writer.Write([UInt16]0)             # stored
    $Writer.Write([UInt16]0)             # time 00:00
    $Writer.Write([UInt16]33)            # date 1980-01-01
    $Writer.Write([UInt32]$Entry.Crc)
    $Writer.Write([UInt32]$Entry.Length) # compressed
    $Writer.Write([UInt32]$Entry.Length) # as it is
    $Writer.Write([UInt16]$Entry.Name.Length)
    $Writer.Write([UInt16]0)             # no extra field
}

function Write-CentralEntry($Writer, $Entry) {
    $Writer.Write([UInt32]0x02014B50)
    $Writer.Write([UInt16]10)            # made by version 1.0, FAT attributes
    Write-EntryFields $Writer $Entry
    $Writer.Write([UInt16]0)             # no comment
    $Writer.Write([UInt16]0)             # first disk
    $Writer.Write([UInt16]0)             # internal attributes
    $Writer.Write([UInt32]0)             # external attributes
    $Writer.Write([UInt32]$Entry.Offset)
    $Writer.Write([byte[]]$Entry.Name)
}

# Path: the file to write. Contents: a hashtable, name in the ZIP (ASCII, with slashes) -> file to read.
function Write-StoredZip([string]$Path, [System.Collections.Hashtable]$Contents) {
    $names = [string[]]@($Contents.Keys)
    [Array]::Sort($names, [StringComparer]::Ordinal)
    $memory = New-Object System.IO.MemoryStream
    $writer = New-Object System.IO.BinaryWriter($memory)
    $entries = @()
    foreach ($name in $names) {
        $bytes = [System.IO.File]::ReadAllBytes($Contents[$name])
        $entry = @{ Name = [System.Text.Encoding]::ASCII.GetBytes($name); Length = $bytes.Length
            Crc = (Get-Crc32 $bytes); Offset = $memory.Position }
        $writer.Write([UInt32]0x04034B50)
        Write-EntryFields $writer $entry
        $writer.Write([byte[]]$entry.Name)
        $writer.Write([byte[]]$bytes)
        $entries += $entry
    }
    $start = $memory.Position
    foreach ($entry in $entries) { Write-CentralEntry $writer $entry }
    $size = $memory.Position - $start
    $writer.Write([UInt32]0x06054B50)
    $writer.Write([UInt32]0)             # this disk, disk of the directory
    $writer.Write([UInt16]$entries.Length)
    $writer.Write([UInt16]$entries.Length)
    $writer.Write([UInt32]$size)
    $writer.Write([UInt32]$start)
    $writer.Write([UInt16]0)             # no comment
    [System.IO.File]::WriteAllBytes($Path, $memory.ToArray())
}

# SPDX-License-Identifier: MIT OR Apache-2.0
# What the scripts beside this file share: variants, architectures, paths, tools. Dot-sourced, never run by itself.
# Everything here is PowerShell 2.0 on .NET 2.0, which is what Windows 7 has.

$DriverRoot = [System.IO.Path]::GetDirectoryName($ScriptFolder)

# Ends the script that is running: one line on stderr, exit status 1.
function Stop-WithError([string]$Message) {
    [Console]::Error.WriteLine('aero-snd: ' + $Message)
    exit 1
}

# One path of several parts, in the separators of this system.
function Join-Parts([string[]]$Parts) {
    $path = $Parts[0]
    for ($i = 1; $i -lt $Parts.Length; $i++) { $path = [System.IO.Path]::Combine($path, $Parts[$i]) }
    return $path
}

# A path as the user wrote it, relative to PowerShell's own current folder, made absolute.
function Resolve-UserPath([string]$Path) {
    return $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path)
}

# The row of variants.txt as a hashtable: Name, Sys, Inf, Cat (file names), Folder.
function Get-Variant([string]$Name) {
    $known = @()
    foreach ($line in [System.IO.File]::ReadAllLines((Join-Parts @($ScriptFolder, 'variants.txt')))) {
        if ($line -eq '' -or $line.StartsWith(';')) { continue }
        $fields = $line.Split(' ')
        $known += $fields[0]
        if ($fields[0] -eq $Name) {
            return @{ Name = $fields[0]; Sys = $fields[1] + '.sys'; Inf = $fields[2] + '.inf'
                Cat = $fields[2] + '.cat'; Folder = $fields[3] }
        }
    }
    Stop-WithError ("unknown variant '" + $Name + "': it is one of " + [string]::Join(', ', $known))
}

# 'x86' or 'x64'; amd64 is another word for x64.
function Get-Architecture([string]$Name) {
    switch ($Name) {
        'x86' { return 'x86' }
        'x64' { return 'x64' }
        'amd64' { return 'x64' }
    }
    Stop-WithError ("unknown architecture '" + $Name + "': it is x86 or x64 (amd64)")
}

# The architecture that an image was built for, from the machine field of its PE header.
function Get-ImageArchitecture([string]$Path) {
    $bytes = [System.IO.File]::ReadAllBytes($Path)
    if ($bytes.Length -ge 64 -and [BitConverter]::ToUInt16($bytes, 0) -eq 0x5A4D) {
        $header = [BitConverter]::ToInt32($bytes, 60)
        if ($header -ge 64 -and $header -le $bytes.Length - 6 -and
            [BitConverter]::ToInt32($bytes, $header) -eq 0x4550) {
            switch ([BitConverter]::ToUInt16($bytes, $header + 4)) {
                0x014C { return 'x86' }
                0x8664 { return 'x64' }
            }
        }
    }
    Stop-WithError ('not a driver image for x86 or x64: ' + $Path)
}

# Ends the script when the image is of another architecture than the wanted one.
function Assert-ImageArchitecture([string]$Path, [string]$Wanted) {
    $found = Get-ImageArchitecture $Path
    if ($found -ne $Wanted) { Stop-WithError ('wrong architecture: ' + $Path + ' is ' + $found + ', not ' + $Wanted) }
}

# The full path of a program in PATH.
function Find-Tool([string]$Name, [string]$Source) {
    $found = @(Get-Command -Name $Name -CommandType Application -ErrorAction SilentlyContinue)
    if ($found.Length -eq 0) { Stop-WithError ($Name + ' is not in PATH: ' + $Source) }
    return $found[0].Definition
}

# SPDX-License-Identifier: MIT OR Apache-2.0
# Puts the signed package of inf\ into release\<arch>\<folder>\, and with -Zip also into release\out\<folder>-<arch>.zip.
# The architecture is that of the image; -Arch insists on one.
[CmdletBinding()]
param(
    [string]$Arch = '',
    [string]$Variant = 'contract',
    [switch]$Zip
)
$ErrorActionPreference = 'Stop'
$ScriptFolder = [System.IO.Path]::GetDirectoryName($MyInvocation.MyCommand.Path)
. ([System.IO.Path]::Combine($ScriptFolder, 'driver-package.ps1'))
. ([System.IO.Path]::Combine($ScriptFolder, 'stored-zip.ps1'))
trap { Stop-WithError $_.Exception.GetBaseException().Message }

# The full path of a file of inf\, which must be there.
function Get-PackageFile([string]$Name, [string]$Maker) {
    $path = Join-Parts @($DriverRoot, 'inf', $Name)
    if (-not [System.IO.File]::Exists($path)) { Stop-WithError ('no ' + $path + ': ' + $Maker) }
    return $path
}

$package = Get-Variant $Variant
if ($Arch -ne '') { $Arch = Get-Architecture $Arch }
$image = Get-PackageFile $package.Sys 'run stage-built-sys.ps1'
$sources = @(
    (Get-PackageFile $package.Inf 'it belongs to the source tree'),
    (Get-PackageFile $package.Cat 'run make-cat.cmd, then sign-driver.cmd'),
    $image
)
if ($Arch -ne '') { Assert-ImageArchitecture $image $Arch } else { $Arch = Get-ImageArchitecture $image }

$target = Join-Parts @($DriverRoot, 'release', $Arch, $package.Folder)
if ([System.IO.Directory]::Exists($target)) { [System.IO.Directory]::Delete($target, $true) }
[void][System.IO.Directory]::CreateDirectory($target)
$entries = @{}
foreach ($source in $sources) {
    $name = [System.IO.Path]::GetFileName($source)
    [System.IO.File]::Copy($source, (Join-Parts @($target, $name)), $true)
    $entries[$Arch + '/' + $package.Folder + '/' + $name] = $source
}
Write-Host ($target + ': staged')
if ($Zip) {
    $folder = Join-Parts @($DriverRoot, 'release', 'out')
    [void][System.IO.Directory]::CreateDirectory($folder)
    $bundle = Join-Parts @($folder, ($package.Folder + '-' + $Arch + '.zip'))
    Write-StoredZip $bundle $entries
    Write-Host ($bundle + ': written')
}
exit 0

# SPDX-License-Identifier: MIT OR Apache-2.0
# From built images to signed packages: stage, catalog, sign, package, for one architecture or both.
[CmdletBinding()]
param(
    [string]$Arch = 'both',
    [string]$Variant = 'contract',
    [string]$InputDir = '',
    [switch]$Zip
)
$ErrorActionPreference = 'Stop'
$ScriptFolder = [System.IO.Path]::GetDirectoryName($MyInvocation.MyCommand.Path)
. ([System.IO.Path]::Combine($ScriptFolder, 'driver-package.ps1'))
trap { Stop-WithError $_.Exception.GetBaseException().Message }

$package = Get-Variant $Variant
if ($Arch -eq 'both') { $architectures = @('x86', 'x64') } else { $architectures = @(Get-Architecture $Arch) }

# Each step has said on stderr what went wrong.
foreach ($architecture in $architectures) {
    & (Join-Parts @($ScriptFolder, 'stage-built-sys.ps1')) -Arch $architecture -Variant $Variant -InputDir $InputDir
    if ($LASTEXITCODE -ne 0) { exit 1 }
    foreach ($step in @('make-cat.cmd', 'sign-driver.cmd')) {
        & (Join-Parts @($ScriptFolder, $step)) $package.Name | Out-Host
        if ($LASTEXITCODE -ne 0) { exit 1 }
    }
    & (Join-Parts @($ScriptFolder, 'package-release.ps1')) -Arch $architecture -Variant $Variant -Zip:$Zip
    if ($LASTEXITCODE -ne 0) { exit 1 }
}
exit 0

# SPDX-License-Identifier: MIT OR Apache-2.0
# Makes this machine trust the test certificate: LocalMachine Trusted Root and Trusted Publishers. Run elevated.
[CmdletBinding()]
param(
    [string]$CertPath = ''
)
$ErrorActionPreference = 'Stop'
$ScriptFolder = [System.IO.Path]::GetDirectoryName($MyInvocation.MyCommand.Path)
. ([System.IO.Path]::Combine($ScriptFolder, 'driver-package.ps1'))
trap { Stop-WithError $_.Exception.GetBaseException().Message }

if ($CertPath -eq '') { $CertPath = Join-Parts @($DriverRoot, 'cert', 'aero-virtio-snd-test.cer') }
else { $CertPath = Resolve-UserPath $CertPath }
if (-not [System.IO.File]::Exists($CertPath)) { Stop-WithError ('no such file: ' + $CertPath) }
try { $certificate = New-Object System.Security.Cryptography.X509Certificates.X509Certificate2($CertPath) }
catch { Stop-WithError ('not a certificate: ' + $CertPath) }
$certUtil = Find-Tool 'certutil.exe' 'Windows has it in System32'
foreach ($store in @('Root', 'TrustedPublisher')) {
    & $certUtil -f -addstore $store $CertPath | Out-Host
    if ($LASTEXITCODE -ne 0) {
        Stop-WithError ('the certificate is not in LocalMachine ' + $store + ': run this in an elevated PowerShell')
    }
}
Write-Host ($certificate.Thumbprint + ': trusted as root and as publisher')
exit 0

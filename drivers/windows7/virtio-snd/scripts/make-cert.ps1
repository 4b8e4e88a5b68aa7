# SPDX-License-Identifier: MIT OR Apache-2.0
# Makes the key and certificate that test packages are signed with: cert\aero-virtio-snd-test.pfx and .cer. SHA-1, which
# Windows 7 SP1 understands without any update; with -AllowSha2CertFallback SHA-2 where this system refuses SHA-1.
# Needs only what Windows has: certreq.exe and certutil.exe. An existing key is never overwritten.
[CmdletBinding()]
param(
    [switch]$AllowSha2CertFallback,
    [string]$Password = ''
)
$ErrorActionPreference = 'Stop'
$ScriptFolder = [System.IO.Path]::GetDirectoryName($MyInvocation.MyCommand.Path)
. ([System.IO.Path]::Combine($ScriptFolder, 'driver-package.ps1'))
trap { Stop-WithError $_.Exception.GetBaseException().Message }

# What certreq reads: a self-signed certificate for code signing, its key in the user's store.
function Get-RequestText([string]$Hash) {
    return [string]::Join("`r`n", @(
        '[Version]', 'Signature = "$Windows NT$"',
        '[NewRequest]', 'Subject = "CN=Aero VirtIO Sound Test"', 'RequestType = Cert',
        ('HashAlgorithm = ' + $Hash), 'KeyAlgorithm = RSA', 'KeyLength = 2048', 'KeySpec = 2', 'KeyUsage = 0x80',
        'ProviderName = "Microsoft Enhanced RSA and AES Cryptographic Provider"', 'ProviderType = 24',
        'Exportable = TRUE', 'MachineKeySet = FALSE', 'ValidityPeriod = Years', 'ValidityPeriodUnits = 20',
        '[EnhancedKeyUsageExtension]', 'OID = 1.3.6.1.5.5.7.3.3', ''))
}

# Makes a certificate at Path and says whether its own signature is of the wanted kind.
function New-TestCertificate([string]$CertReq, [string]$Hash, [string]$Path) {
    $request = $Path + '.request'
    [System.IO.File]::WriteAllText($request, (Get-RequestText $Hash), [System.Text.Encoding]::ASCII)
    & $CertReq -new -q -binary $request $Path | Out-Host
    $good = $LASTEXITCODE -eq 0 -and [System.IO.File]::Exists($Path)
    [System.IO.File]::Delete($request)
    if (-not $good) { return $false }
    $oid = @{ sha1 = '1.2.840.113549.1.1.5'; sha256 = '1.2.840.113549.1.1.11' }[$Hash]
    $certificate = New-Object System.Security.Cryptography.X509Certificates.X509Certificate2($Path)
    return $certificate.SignatureAlgorithm.Value -eq $oid
}

if ($Password -eq '') { $Password = [Environment]::GetEnvironmentVariable('AERO_PFX_PASSWORD') }
if ([string]::IsNullOrEmpty($Password)) { $Password = 'aero-virtio-snd-test' }
$folder = Join-Parts @($DriverRoot, 'cert')
$cer = Join-Parts @($folder, 'aero-virtio-snd-test.cer')
$pfx = Join-Parts @($folder, 'aero-virtio-snd-test.pfx')
foreach ($file in @($cer, $pfx)) {
    if ([System.IO.File]::Exists($file)) { Stop-WithError ('exists already, delete it to make a new one: ' + $file) }
}
$certReq = Find-Tool 'certreq.exe' 'Windows has it in System32'
$certUtil = Find-Tool 'certutil.exe' 'Windows has it in System32'
[void][System.IO.Directory]::CreateDirectory($folder)

$made = $cer + '.new'
$hash = 'sha1'
$good = New-TestCertificate $certReq $hash $made
if (-not $good -and $AllowSha2CertFallback) {
    $hash = 'sha256'
    $good = New-TestCertificate $certReq $hash $made
}
if (-not $good) {
    [System.IO.File]::Delete($made)
    if ($AllowSha2CertFallback) { Stop-WithError 'certreq.exe makes neither a SHA-1 nor a SHA-2 certificate' }
    Stop-WithError 'certreq.exe makes no SHA-1 certificate here; -AllowSha2CertFallback takes a SHA-2 one instead'
}
$certificate = New-Object System.Security.Cryptography.X509Certificates.X509Certificate2($made)
& $certUtil -user -p $Password -exportPFX My $certificate.Thumbprint $pfx | Out-Host
if ($LASTEXITCODE -ne 0 -or -not [System.IO.File]::Exists($pfx)) {
    [System.IO.File]::Delete($made)
    Stop-WithError 'certutil.exe -exportPFX failed; its own message is above'
}
[System.IO.File]::Move($made, $cer)
Write-Host ($cer + ': ' + $hash + ', ' + $certificate.Thumbprint)
Write-Host ($pfx + ': its key')
if ($hash -ne 'sha1') { Write-Host 'Windows 7 needs KB3033929 or KB4474419 for this certificate.' }
exit 0

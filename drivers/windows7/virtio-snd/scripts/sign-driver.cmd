@rem SPDX-License-Identifier: MIT OR Apache-2.0
@rem sign-driver.cmd [contract | legacy | ioport]: signs the image and the catalog in inf\ with the test certificate.
@rem AERO_PFX, AERO_PFX_PASSWORD: another key. AERO_SIGN_DIGEST: sha256 for a SHA-2 certificate (default sha1).
@echo off
setlocal
call "%~dp0variant.cmd" %1
if errorlevel 1 exit /b 1
for %%D in ("%~dp0..") do set "ROOT=%%~fD"
if "%AERO_PFX%"=="" set "AERO_PFX=%ROOT%\cert\aero-virtio-snd-test.pfx"
if "%AERO_PFX_PASSWORD%"=="" set "AERO_PFX_PASSWORD=aero-virtio-snd-test"
if "%AERO_SIGN_DIGEST%"=="" set "AERO_SIGN_DIGEST=sha1"
if not exist "%AERO_PFX%" goto no_key
if not exist "%ROOT%\inf\%SYS%" goto no_sys
if not exist "%ROOT%\inf\%CAT%" goto no_cat
set "TOOL="
for %%T in (signtool.exe) do set "TOOL=%%~$PATH:T"
if "%TOOL%"=="" goto no_tool
set "FILE=%SYS%"
call :sign
if errorlevel 1 goto refused
set "FILE=%CAT%"
call :sign
if errorlevel 1 goto refused
echo inf\%SYS% inf\%CAT%: signed
exit /b 0

:sign
"%TOOL%" sign /v /f "%AERO_PFX%" /p "%AERO_PFX_PASSWORD%" /fd %AERO_SIGN_DIGEST% "%ROOT%\inf\%FILE%"
exit /b %errorlevel%

:no_key
>&2 echo aero-snd: no %AERO_PFX%: run make-cert.ps1
exit /b 1
:no_sys
>&2 echo aero-snd: no %ROOT%\inf\%SYS%: run stage-built-sys.ps1
exit /b 1
:no_cat
>&2 echo aero-snd: no %ROOT%\inf\%CAT%: run make-cat.cmd
exit /b 1
:no_tool
>&2 echo aero-snd: signtool.exe is not in PATH: run this from a WDK command prompt
exit /b 1
:refused
>&2 echo aero-snd: signtool did not sign inf\%FILE%; its own message is above
exit /b 1

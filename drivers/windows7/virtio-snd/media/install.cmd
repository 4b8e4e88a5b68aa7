@rem SPDX-License-Identifier: MIT OR Apache-2.0
@rem install.cmd: test-signing, certificate and driver for this Windows. install.cmd /undo takes back what it did.
@rem Needs only what Windows 7 has. What was done is kept in %ProgramData%\aero-virtio-snd, one word a line.
@echo off
setlocal
set "HERE=%~dp0"
set "MODE=%~1"
set "SYSTEM=%SystemRoot%\System32"
if defined PROCESSOR_ARCHITEW6432 set "SYSTEM=%SystemRoot%\Sysnative"
set "CPU=%PROCESSOR_ARCHITECTURE%"
if defined PROCESSOR_ARCHITEW6432 set "CPU=%PROCESSOR_ARCHITEW6432%"
set "ARCH="
if /i "%CPU%"=="AMD64" set "ARCH=x64"
if /i "%CPU%"=="x86" set "ARCH=x86"
if "%ARCH%"=="" goto wrong_cpu
set "STATE=%ProgramData%\aero-virtio-snd"
set "DONE=%STATE%\done.txt"
set "CATALOG=aero_virtio_snd.cat"
set "INF=%HERE%drivers\%ARCH%\virtio-snd\aero_virtio_snd.inf"
if "%MODE%"=="" goto mode_known
if /i not "%MODE%"=="/undo" goto usage
:mode_known
"%SYSTEM%\reg.exe" query HKU\S-1-5-19 >nul 2>&1
if errorlevel 1 goto not_elevated
for %%F in ("%INF%" "%HERE%cert\certificate.txt") do if not exist "%%~F" set "LACKS=%%~F"
if defined LACKS goto incomplete
for /f "usebackq tokens=1,2 delims==" %%A in ("%HERE%cert\certificate.txt") do set "CERT_%%A=%%B"
set "CERT=%HERE%cert\%CERT_file%"
if /i "%MODE%"=="/undo" goto undo
if not exist "%STATE%" mkdir "%STATE%"
if not exist "%STATE%" goto no_state

:install
echo Aero VirtIO Sound for Windows 7, %ARCH%
if "%CERT_root%"=="no" goto no_testsigning
if "%ARCH%"=="x86" goto no_testsigning
call :testsigning_line before
"%SYSTEM%\bcdedit.exe" /set testsigning on >nul
if errorlevel 1 goto bcdedit_failed
call :testsigning_line after
if "%before%"=="%after%" (
    echo - test-signing was on already
) else (
    >>"%DONE%" echo testsigning
    echo - test-signing switched on; it counts from the next start of Windows
)
goto certificates
:no_testsigning
echo - test-signing is not needed here, left as it is
:certificates
if "%CERT_root%"=="yes" (
    call :add_certificate Root "Trusted Root Certification Authorities"
    if errorlevel 1 goto certutil_failed
)
call :add_certificate TrustedPublisher "Trusted Publishers"
if errorlevel 1 goto certutil_failed
call :find_driver
if defined OEM (
    echo - the driver is in the driver store already, as %OEM%; it is added again
) else (
    >>"%DONE%" echo driver
)
"%SYSTEM%\pnputil.exe" -i -a "%INF%"
call :find_driver
if not defined OEM goto pnputil_failed
echo - driver added to the driver store as %OEM%
echo Done. Restart Windows; the sound device then works. To take all of this back: install.cmd /undo
exit /b 0

:undo
echo Aero VirtIO Sound for Windows 7: taking back what install.cmd did
if not exist "%DONE%" goto nothing_done
set "FAILED="
call :was_done driver
if not errorlevel 1 call :undo_driver
call :was_done TrustedPublisher
if not errorlevel 1 call :delete_certificate TrustedPublisher "Trusted Publishers"
call :was_done Root
if not errorlevel 1 call :delete_certificate Root "Trusted Root Certification Authorities"
call :was_done testsigning
if not errorlevel 1 call :undo_testsigning
if defined FAILED goto undo_failed
del "%DONE%"
rmdir "%STATE%"
echo Done. Restart Windows.
exit /b 0

rem Sets the variable %1 to bcdedit's line on test-signing, in whatever language; empty if there is none.
:testsigning_line
set "%1="
for /f "delims=" %%L in ('%SYSTEM%\bcdedit.exe /enum {current} ^| %SYSTEM%\find.exe "testsigning"') do set "%1=%%L"
exit /b 0

rem Adds the certificate to the store %1, unless it is there.
:add_certificate
"%SYSTEM%\certutil.exe" -store %1 %CERT_sha1% >nul 2>&1
if not errorlevel 1 (
    echo - the certificate was in %~2 already
    exit /b 0
)
"%SYSTEM%\certutil.exe" -addstore -f %1 "%CERT%" >nul
if errorlevel 1 exit /b 1
>>"%DONE%" echo %1
echo - certificate added to %~2
exit /b 0

:delete_certificate
"%SYSTEM%\certutil.exe" -store %1 %CERT_sha1% >nul 2>&1
if errorlevel 1 exit /b 0
"%SYSTEM%\certutil.exe" -delstore %1 %CERT_sha1% >nul
if errorlevel 1 (
    set "FAILED=certutil.exe"
) else (
    echo - certificate removed from %~2
)
exit /b 0

rem Sets OEM to the name under which the driver store holds this driver, or to nothing.
:find_driver
set "OEM="
for /f "delims=" %%F in ('dir /b "%SystemRoot%\inf\oem*.inf" 2^>nul') do call :look_into %%F
exit /b 0

:look_into
"%SYSTEM%\find.exe" "%CATALOG%" "%SystemRoot%\inf\%1" >nul 2>&1
if not errorlevel 1 set "OEM=%1"
exit /b 0

:undo_driver
call :find_driver
if not defined OEM exit /b 0
"%SYSTEM%\pnputil.exe" -f -d %OEM%
call :find_driver
if defined OEM (
    set "FAILED=pnputil.exe"
) else (
    echo - driver removed from the driver store
)
exit /b 0

:undo_testsigning
call :testsigning_line now
if not defined now exit /b 0
"%SYSTEM%\bcdedit.exe" /deletevalue testsigning >nul
if errorlevel 1 (
    set "FAILED=bcdedit.exe"
) else (
    echo - test-signing switched off, from the next start of Windows
)
exit /b 0

:was_done
"%SYSTEM%\find.exe" "%1" "%DONE%" >nul 2>&1
exit /b %errorlevel%

:usage
>&2 echo install.cmd: run it without arguments, or with /undo
exit /b 2
:wrong_cpu
>&2 echo install.cmd: this driver is for x86 and x64, not %CPU%
exit /b 1
:not_elevated
>&2 echo install.cmd: right-click it and choose "Run as administrator"
exit /b 1
:incomplete
>&2 echo install.cmd: %LACKS% is missing: run it from the disc or from a complete copy
exit /b 1
:no_state
>&2 echo install.cmd: cannot make %STATE%
exit /b 1
:bcdedit_failed
>&2 echo install.cmd: bcdedit.exe did not switch test-signing on; nothing was changed
exit /b 1
:certutil_failed
>&2 echo install.cmd: certutil.exe did not add the certificate; install.cmd /undo takes back the rest
exit /b 1
:pnputil_failed
>&2 echo install.cmd: pnputil.exe did not add the driver; install.cmd /undo takes back the rest
exit /b 1
:nothing_done
echo There is nothing to take back.
exit /b 0
:undo_failed
>&2 echo install.cmd: %FAILED% failed; run install.cmd /undo again after a restart
exit /b 1

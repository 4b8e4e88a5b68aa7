@rem SPDX-License-Identifier: MIT OR Apache-2.0
@rem make-cat.cmd [contract | legacy | ioport]: makes inf\<package>.cat of the INF and the image in inf\.
@rem Inf2Cat takes every INF of a folder, so the two files go through a folder of their own.
@echo off
setlocal
call "%~dp0variant.cmd" %1
if errorlevel 1 exit /b 1
for %%D in ("%~dp0..\inf") do set "INFDIR=%%~fD"
if not exist "%INFDIR%\%INF%" goto no_inf
if not exist "%INFDIR%\%SYS%" goto no_sys
set "TOOL="
for %%T in (Inf2Cat.exe) do set "TOOL=%%~$PATH:T"
if "%TOOL%"=="" goto no_tool
set "STAGE=%INFDIR%\cat-%VARIANT%"
if exist "%STAGE%" rd /s /q "%STAGE%"
md "%STAGE%"
copy /y "%INFDIR%\%INF%" "%STAGE%" >nul
if errorlevel 1 goto no_copy
copy /y "%INFDIR%\%SYS%" "%STAGE%" >nul
if errorlevel 1 goto no_copy
"%TOOL%" "/driver:%STAGE%" /os:7_X86,7_X64
if errorlevel 1 goto no_cat
if not exist "%STAGE%\%CAT%" goto no_cat
copy /y "%STAGE%\%CAT%" "%INFDIR%\%CAT%" >nul
if errorlevel 1 goto no_copy
rd /s /q "%STAGE%"
echo inf\%CAT%
exit /b 0

:no_inf
>&2 echo aero-snd: no %INFDIR%\%INF%: it belongs to the source tree
exit /b 1
:no_sys
>&2 echo aero-snd: no %INFDIR%\%SYS%: run stage-built-sys.ps1
exit /b 1
:no_tool
>&2 echo aero-snd: Inf2Cat.exe is not in PATH: run this from a WDK command prompt
exit /b 1
:no_copy
rd /s /q "%STAGE%"
>&2 echo aero-snd: cannot write to %INFDIR%
exit /b 1
:no_cat
rd /s /q "%STAGE%"
>&2 echo aero-snd: Inf2Cat made no catalog of %INF% and %SYS%; its own message is above
exit /b 1

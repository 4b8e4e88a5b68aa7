@rem SPDX-License-Identifier: MIT OR Apache-2.0
@rem For make-cat.cmd and sign-driver.cmd: sets SYS, INF and CAT to the file names of variant %1 (empty: contract),
@rem from variants.txt; exit status 1 when there is no such variant.
@echo off
set "VARIANT=%~1"
if "%VARIANT%"=="" set "VARIANT=contract"
set "SYS="
for /f "usebackq tokens=1-3" %%A in ("%~dp0variants.txt") do if /i "%%A"=="%VARIANT%" call :take %%B %%C
if not "%SYS%"=="" exit /b 0
>&2 echo aero-snd: unknown variant '%VARIANT%': it is contract, legacy or ioport
exit /b 1

:take
set "SYS=%~1.sys"
set "INF=%~2.inf"
set "CAT=%~2.cat"
exit /b 0

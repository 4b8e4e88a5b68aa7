// SPDX-License-Identifier: MIT OR Apache-2.0
// PowerShell's engine for the tests of scripts: `run SCRIPT ARGUMENTS` and `check TABLE FILE...`. And what their
// certificate tool would make: `certificate sha1|sha256 FILE`.

using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace Aero.PowerShellTests;

internal static class Program
{
    private static int Main(string[] arguments)
    {
        if (arguments.Length == 3 && arguments[0] == "run")
        {
            return Run(arguments[1], arguments[2]);
        }
        if (arguments.Length >= 3 && arguments[0] == "check")
        {
            return Check(arguments[1], arguments[2..]);
        }
        if (arguments.Length == 3 && arguments[0] == "certificate")
        {
            TestCertificate.Make(arguments[1] == "sha1", arguments[2]);
            return 0;
        }
        Console.Error.WriteLine("usage: AeroPowerShell run SCRIPT ARGUMENTS | check TABLE FILE... | certificate HASH FILE");
        return 2;
    }

    /// <summary>Runs a script file as powershell.exe -File would; arguments are PowerShell source text.</summary>
    /// <returns>The script's exit status; 1 after an error that it did not catch.</returns>
    private static int Run(string script, string arguments)
    {
        InitialSessionState state = InitialSessionState.CreateDefault2();
        StandIns.AddTo(state);
        var host = new ScriptHost();
        using Runspace runspace = RunspaceFactory.CreateRunspace(host, state);
        runspace.Open();
        using PowerShell shell = PowerShell.Create(runspace);
        string quoted = script.Replace("'", "''");
        shell.AddScript($"$global:LASTEXITCODE = 0; & '{quoted}' {arguments} | Out-Host; exit $LASTEXITCODE");
        try
        {
            shell.Invoke();
        }
        catch (RuntimeException error)
        {
            Console.Error.WriteLine("uncaught: " + error.Message);
            return 1;
        }
        foreach (ErrorRecord error in shell.Streams.Error)
        {
            Console.Error.WriteLine("error: " + error);
        }
        return host.ExitStatus;
    }

    private static int Check(string table, string[] files)
    {
        List<string> findings = new LanguageCheck(LanguageTable.Read(table)).Findings(files);
        findings.ForEach(Console.WriteLine);
        return findings.Count == 0 ? 0 : 1;
    }
}

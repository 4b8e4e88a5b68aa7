// SPDX-License-Identifier: MIT OR Apache-2.0
// The console of a script under test: text goes to stdout, nobody answers questions.

using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace Aero.PowerShellTests;

internal sealed class ScriptHost : PSHost
{
    private readonly ScriptConsole console = new();

    /// <summary>What the script gave to exit; 0 when it just ended.</summary>
    public int ExitStatus { get; private set; }

    public override CultureInfo CurrentCulture => CultureInfo.InvariantCulture;
    public override CultureInfo CurrentUICulture => CultureInfo.InvariantCulture;
    public override Guid InstanceId { get; } = Guid.NewGuid();
    public override string Name => "AeroPowerShell";
    public override PSHostUserInterface UI => console;
    public override Version Version => new(1, 0);
    public override void EnterNestedPrompt() => throw new NotSupportedException();
    public override void ExitNestedPrompt() => throw new NotSupportedException();
    public override void NotifyBeginApplication() { }
    public override void NotifyEndApplication() { }
    public override void SetShouldExit(int exitCode) => ExitStatus = exitCode;
}

internal sealed class ScriptConsole : PSHostUserInterface
{
    private static readonly NotSupportedException Unattended = new("a script under test asked a question");

    public override PSHostRawUserInterface? RawUI => null;

    public override void Write(string value) => Console.Out.Write(value);
    public override void Write(ConsoleColor foreground, ConsoleColor background, string value) => Write(value);
    public override void WriteLine(string value) => Console.Out.WriteLine(value);
    public override void WriteErrorLine(string value) => Console.Error.WriteLine(value);
    public override void WriteDebugLine(string message) { }
    public override void WriteVerboseLine(string message) { }
    public override void WriteWarningLine(string message) => Console.Error.WriteLine("warning: " + message);
    public override void WriteProgress(long sourceId, ProgressRecord record) { }

    public override string ReadLine() => throw Unattended;
    public override SecureString ReadLineAsSecureString() => throw Unattended;
    public override Dictionary<string, PSObject> Prompt(
        string caption, string message, Collection<FieldDescription> descriptions) => throw Unattended;
    public override int PromptForChoice(
        string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice) => throw Unattended;
    public override PSCredential PromptForCredential(
        string caption, string message, string userName, string targetName) => throw Unattended;
    public override PSCredential PromptForCredential(
        string caption, string message, string userName, string targetName,
        PSCredentialTypes allowedCredentialTypes, PSCredentialUIOptions options) => throw Unattended;
}

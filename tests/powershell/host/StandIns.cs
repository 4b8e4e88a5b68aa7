// SPDX-License-Identifier: MIT OR Apache-2.0
// The cmdlets that the scripts use and the engine alone does not have (they lie in PowerShell's utility module).

using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace Aero.PowerShellTests;

internal static class StandIns
{
    public static void AddTo(InitialSessionState state)
    {
        state.Commands.Add(new SessionStateCmdletEntry("Write-Host", typeof(WriteHostStandIn), null));
        state.Commands.Add(new SessionStateCmdletEntry("New-Object", typeof(NewObjectStandIn), null));
    }
}

[Cmdlet(VerbsCommunications.Write, "Host")]
public sealed class WriteHostStandIn : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true)]
    public string Object { get; set; } = "";

    protected override void ProcessRecord() => Host.UI.WriteLine(Object);
}

[Cmdlet(VerbsCommon.New, "Object")]
public sealed class NewObjectStandIn : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true)]
    public string TypeName { get; set; } = "";

    [Parameter(Position = 1)]
    public object[] ArgumentList { get; set; } = [];

    protected override void ProcessRecord()
    {
        var type = LanguagePrimitives.ConvertTo<Type>(TypeName);
        object?[] plain = Array.ConvertAll(ArgumentList, argument => argument is PSObject o ? o.BaseObject : argument);
        try
        {
            WriteObject(Activator.CreateInstance(type, plain));
        }
        catch (System.Reflection.TargetInvocationException error)
        {
            ThrowTerminatingError(new ErrorRecord(
                error.GetBaseException(), "ConstructorFailed", ErrorCategory.InvalidArgument, TypeName));
        }
    }
}

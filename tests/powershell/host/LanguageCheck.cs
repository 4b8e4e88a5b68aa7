// SPDX-License-Identifier: MIT OR Apache-2.0
// Walks the syntax trees of scripts and finds whatever the table does not allow.

using System.Management.Automation.Language;

namespace Aero.PowerShellTests;

internal sealed class LanguageCheck(LanguageTable table)
{
    private readonly List<string> findings = [];
    private readonly HashSet<string> variables = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> keys = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, HashSet<string>> functions = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The files are one program: a function, variable or key of one may be used in another.</summary>
    /// <returns>Lines "file:line: what".</returns>
    public List<string> Findings(string[] files)
    {
        var trees = new List<ScriptBlockAst>();
        foreach (string file in files)
        {
            trees.Add(Parser.ParseFile(file, out _, out ParseError[] errors));
            foreach (ParseError error in errors)
            {
                Report(error.Extent, "syntax: " + error.Message);
            }
        }
        trees.ForEach(tree => Each(tree, Collect));
        trees.ForEach(tree => Each(tree, Judge));
        return findings;
    }

    private static void Each(ScriptBlockAst tree, Action<Ast> action)
    {
        foreach (Ast node in tree.FindAll(_ => true, searchNestedScriptBlocks: true))
        {
            action(node);
        }
    }

    private void Report(IScriptExtent where, string what) =>
        findings.Add($"{Path.GetFileName(where.File)}:{where.StartLineNumber}: {what}");

    private void Want(string kind, string name, Ast node)
    {
        if (!table.Has(kind, name))
        {
            Report(node.Extent, $"{kind} {name} is not in PowerShell 2.0's table");
        }
    }

    /// <summary>A name as the table has it: without "System." and without brackets of an array.</summary>
    private static string Plain(string type)
    {
        string name = type.EndsWith("[]", StringComparison.Ordinal) ? type[..^2] : type;
        return name.StartsWith("System.", StringComparison.OrdinalIgnoreCase) ? name["System.".Length..] : name;
    }

    private void Collect(Ast node)
    {
        switch (node)
        {
            case AssignmentStatementAst assignment when TargetOf(assignment.Left) is { } target:
                variables.Add(target.VariablePath.UserPath);
                break;
            case ParameterAst parameter:
                variables.Add(parameter.Name.VariablePath.UserPath);
                break;
            case ForEachStatementAst loop:
                variables.Add(loop.Variable.VariablePath.UserPath);
                break;
            case HashtableAst hashtable:
                foreach (StringConstantExpressionAst key in hashtable.KeyValuePairs.Select(pair => pair.Item1)
                             .OfType<StringConstantExpressionAst>())
                {
                    keys.Add(key.Value);
                }
                break;
            case FunctionDefinitionAst function:
                IEnumerable<ParameterAst> parameters = function.Parameters ?? function.Body.ParamBlock?.Parameters ??
                    Enumerable.Empty<ParameterAst>();
                functions[function.Name] = new(parameters.Select(p => p.Name.VariablePath.UserPath),
                    StringComparer.OrdinalIgnoreCase);
                break;
        }
    }

    private static VariableExpressionAst? TargetOf(ExpressionAst left) => left switch
    {
        VariableExpressionAst variable => variable,
        ConvertExpressionAst { Child: VariableExpressionAst variable } => variable,
        _ => null,
    };

    private void Judge(Ast node)
    {
        Want("node", node.GetType().Name, node);
        switch (node)
        {
            case ScriptBlockAst { ScriptRequirements.RequiredPSVersion: { Major: > 2 } version }:
                Report(node.Extent, $"requires version {version}");
                break;
            case FunctionDefinitionAst { IsWorkflow: true }:
                Report(node.Extent, "workflow");
                break;
            case PipelineAst { Background: true }:
                Report(node.Extent, "background operator");
                break;
            case ForEachStatementAst loop when loop.Flags != ForEachFlags.None || loop.ThrottleLimit != null:
                Report(node.Extent, "parallel foreach");
                break;
            case AssignmentStatementAst assignment:
                Want("operator", assignment.Operator.ToString(), node);
                break;
            case BinaryExpressionAst binary:
                Want("operator", binary.Operator.ToString(), node);
                break;
            case UnaryExpressionAst unary:
                Want("operator", unary.TokenKind.ToString(), node);
                break;
            case RedirectionAst redirection:
                Want("redirection", redirection.FromStream.ToString(), node);
                break;
            case VariableExpressionAst variable when !variables.Contains(variable.VariablePath.UserPath):
                Want("variable", variable.VariablePath.UserPath, node);
                break;
            case TypeExpressionAst type:
                Want("type", Plain(type.TypeName.FullName), node);
                break;
            case TypeConstraintAst type:
                Want("type", Plain(type.TypeName.FullName), node);
                break;
            case AttributeAst attribute:
                Want("attribute", attribute.TypeName.FullName, node);
                break;
            case NamedAttributeArgumentAst { ExpressionOmitted: true } argument:
                Report(node.Extent, $"attribute argument {argument.ArgumentName} without a value");
                break;
            case IndexExpressionAst { NullConditional: true }:
                Report(node.Extent, "null-conditional index");
                break;
            case MemberExpressionAst member:
                JudgeMember(member);
                break;
            case CommandAst command:
                JudgeCommand(command);
                break;
        }
    }

    private void JudgeMember(MemberExpressionAst member)
    {
        if (member.NullConditional)
        {
            Report(member.Extent, "null-conditional member");
        }
        if (member.Member is not StringConstantExpressionAst name)
        {
            Report(member.Extent, "member without a constant name");
        }
        else if (member is { Static: true, Expression: TypeExpressionAst type })
        {
            JudgeCall("static", $"{Plain(type.TypeName.FullName)}.{name.Value}", member);
        }
        else if (member is InvokeMemberExpressionAst || !keys.Contains(name.Value))
        {
            JudgeCall("member", name.Value, member);
        }
    }

    /// <summary>The details of a method are the numbers of arguments that it takes in .NET 2.0; none: a property.</summary>
    private void JudgeCall(string kind, string name, MemberExpressionAst member)
    {
        Want(kind, name, member);
        if (member is InvokeMemberExpressionAst call && table.Details(kind, name) is { } counts)
        {
            string count = (call.Arguments?.Count ?? 0).ToString();
            if (!counts.Contains(count))
            {
                Report(member.Extent, $"{kind} {name} with {count} arguments is not in PowerShell 2.0's table");
            }
        }
    }

    private void JudgeCommand(CommandAst command)
    {
        string? name = command.GetCommandName();
        if (name == null || command.InvocationOperator != TokenKind.Unknown)
        {
            return; // a script or program by its path: its own file is checked, a program has no version
        }
        if (functions.TryGetValue(name, out HashSet<string>? parameters))
        {
            JudgeParameters(command, name, parameters.Contains);
            return;
        }
        Want("command", name, command);
        if (table.Details("command", name) is { } allowed)
        {
            JudgeParameters(command, name, p => allowed.Contains("-" + p, StringComparer.OrdinalIgnoreCase));
            JudgePositions(command, name, allowed);
        }
    }

    private void JudgeParameters(CommandAst command, string name, Func<string, bool> isAllowed)
    {
        foreach (CommandParameterAst parameter in command.CommandElements.OfType<CommandParameterAst>())
        {
            if (!isAllowed(parameter.ParameterName))
            {
                Report(parameter.Extent, $"parameter -{parameter.ParameterName} of {name} is not in PowerShell 2.0's table");
            }
        }
    }

    /// <summary>"{}" among the details: only script blocks go without a name; "type": the first word is a type.</summary>
    private void JudgePositions(CommandAst command, string name, string[] allowed)
    {
        CommandElementAst[] values = [.. command.CommandElements.Skip(1).Where(e => e is not CommandParameterAst)];
        if (allowed.Contains("{}") && values.FirstOrDefault(v => v is not ScriptBlockExpressionAst) is { } value)
        {
            Report(value.Extent, $"{name} takes only a script block in PowerShell 2.0");
        }
        if (allowed.Contains("type") && values.FirstOrDefault() is StringConstantExpressionAst type)
        {
            Want("type", Plain(type.Value), type);
        }
    }
}

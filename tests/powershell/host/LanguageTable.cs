// SPDX-License-Identifier: MIT OR Apache-2.0
// powershell2.tsv in memory: everything that a script for PowerShell 2.0 may use. What it does not name is refused.

namespace Aero.PowerShellTests;

internal sealed class LanguageTable
{
    private readonly Dictionary<string, Dictionary<string, string[]>> kinds = new(StringComparer.Ordinal);

    /// <summary>Reads lines of kind, name and details, separated by tabs; details by blanks; # begins a comment.</summary>
    public static LanguageTable Read(string path)
    {
        var table = new LanguageTable();
        foreach (string line in File.ReadAllLines(path))
        {
            string[] fields = line.Split('\t');
            if (line.Length == 0 || line.StartsWith('#') || fields.Length < 2)
            {
                continue;
            }
            string[] details = fields.Length > 2 ? fields[2].Split(' ', StringSplitOptions.RemoveEmptyEntries) : [];
            if (!table.kinds.TryGetValue(fields[0], out Dictionary<string, string[]>? names))
            {
                names = table.kinds[fields[0]] = new(StringComparer.OrdinalIgnoreCase);
            }
            names.Add(fields[1], details);
        }
        return table;
    }

    public bool Has(string kind, string name) => Details(kind, name) != null;

    /// <returns>The third column, or null when there is no such row.</returns>
    public string[]? Details(string kind, string name) =>
        kinds.TryGetValue(kind, out Dictionary<string, string[]>? names) && names.TryGetValue(name, out string[]? found)
            ? found
            : null;
}

# Runs a script with Longshore's functions: pwsh -File Bootstrap.ps1 SCRIPT [ARGUMENTS].
# An error that nothing catches ends it with 1; else its exit code is the
# script's, or that of the last program it ran.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$longshoreScript = $args[0]
$longshoreArguments = @($args | Select-Object -Skip 1)
. ([System.IO.Path]::Combine($PSScriptRoot, 'Functions.ps1'))
$global:LASTEXITCODE = 0
try {
    . $longshoreScript @longshoreArguments
}
catch {
    [Console]::Error.WriteLine(($_ | Out-String).TrimEnd())
    [Console]::Error.WriteLine($_.ScriptStackTrace)
    exit 1
}
exit $global:LASTEXITCODE

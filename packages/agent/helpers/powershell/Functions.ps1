# Longshore's functions for PowerShell scripts, under neutral names and under
# Octopus's. Variables: $LongshoreParameters and $OctopusParameters, whose
# names don't heed upper and lower case.

function Read-LongshoreVariables {
    $found = New-Object 'System.Collections.Generic.Dictionary[string,string]' ([System.StringComparer]::OrdinalIgnoreCase)
    if ($env:LONGSHORE_VARIABLES -and [System.IO.File]::Exists($env:LONGSHORE_VARIABLES)) {
        # The file holds NAME NUL VALUE NUL ...
        $text = [System.Text.Encoding]::UTF8.GetString([System.IO.File]::ReadAllBytes($env:LONGSHORE_VARIABLES))
        $items = $text.Split([char]0)
        for ($at = 0; $at + 1 -lt $items.Length; $at += 2) { $found[$items[$at]] = $items[$at + 1] }
    }
    return , $found
}

$LongshoreParameters = Read-LongshoreVariables
$OctopusParameters = $LongshoreParameters

function ConvertTo-LongshoreValue([string]$value) {
    [System.Convert]::ToBase64String([System.Text.Encoding]::UTF8.GetBytes($value))
}

function Send-LongshoreMessage([string]$text) {
    [Console]::Out.WriteLine("##longshore[$text]")
    [Console]::Out.Flush()
}

function Get-LongshoreVariable([Parameter(Mandatory = $true)][string]$name, [string]$default = $null) {
    if ($LongshoreParameters.ContainsKey($name)) { $LongshoreParameters[$name] } else { $default }
}

function Set-LongshoreVariable([Parameter(Mandatory = $true)][string]$name, [AllowEmptyString()][string]$value, [switch]$sensitive) {
    $encoded = ConvertTo-LongshoreValue $value
    $mark = ''
    if ($sensitive) {
        # On both streams: which of them is read first can't be known.
        [Console]::Error.WriteLine("##longshore[mask value='$encoded']")
        $mark = " sensitive='VHJ1ZQ=='"
    }
    Send-LongshoreMessage "setVariable name='$(ConvertTo-LongshoreValue $name)' value='$encoded'$mark"
}

function Protect-LongshoreValue([Parameter(Mandatory = $true)][string]$value) {
    $encoded = ConvertTo-LongshoreValue $value
    [Console]::Error.WriteLine("##longshore[mask value='$encoded']")
    Send-LongshoreMessage "mask value='$encoded'"
}

function New-LongshoreArtifact([Parameter(Mandatory = $true)][string]$fullpath, [string]$name = '') {
    $path = (Resolve-Path -LiteralPath $fullpath -ErrorAction Stop).ProviderPath
    if (-not $name) { $name = [System.IO.Path]::GetFileName($path) }
    Send-LongshoreMessage "createArtifact path='$(ConvertTo-LongshoreValue $path)' name='$(ConvertTo-LongshoreValue $name)'"
}

function Stop-LongshoreStep([string]$message = '') {
    if ($message) { Send-LongshoreMessage "resultMessage message='$(ConvertTo-LongshoreValue $message)'" }
    exit 1
}

function Update-LongshoreProgress([int]$percentage, [string]$message = '') {
    Send-LongshoreMessage "progress percentage='$(ConvertTo-LongshoreValue $percentage)' message='$(ConvertTo-LongshoreValue $message)'"
}

function Write-LongshoreLevel([string]$level, [string]$text) {
    $newline = [Environment]::NewLine
    [Console]::Out.Write("##longshore[stdout-$level]$newline$text$newline##longshore[stdout-default]$newline")
    [Console]::Out.Flush()
}

function Write-LongshoreVerbose([string]$message) { Write-LongshoreLevel 'verbose' $message }
function Write-LongshoreHighlight([string]$message) { Write-LongshoreLevel 'highlight' $message }
function Write-LongshoreWait([string]$message) { Write-LongshoreLevel 'wait' $message }
function Write-LongshoreWarning([string]$message) { Write-LongshoreLevel 'warning' $message }
function Write-LongshoreError([string]$message) { Write-LongshoreLevel 'error' $message }

# Octopus's names.
function Set-OctopusVariable([Parameter(Mandatory = $true)][string]$name, [AllowEmptyString()][string]$value, [switch]$sensitive) {
    Set-LongshoreVariable -name $name -value $value -sensitive:$sensitive
}
function New-OctopusArtifact([Parameter(Mandatory = $true)][Alias('path')][string]$fullpath, [string]$name = '') {
    New-LongshoreArtifact -fullpath $fullpath -name $name
}
function Fail-Step([string]$message = '') { Stop-LongshoreStep $message }
function Update-Progress([int]$progress, [string]$message = '') { Update-LongshoreProgress $progress $message }
function Write-Verbose([Parameter(ValueFromPipeline = $true)][string]$message) { process { Write-LongshoreLevel 'verbose' $message } }
function Write-Warning([Parameter(ValueFromPipeline = $true)][string]$message) { process { Write-LongshoreLevel 'warning' $message } }
function Write-Highlight([Parameter(ValueFromPipeline = $true)][string]$message) { process { Write-LongshoreLevel 'highlight' $message } }
function Write-Wait([Parameter(ValueFromPipeline = $true)][string]$message) { process { Write-LongshoreLevel 'wait' $message } }

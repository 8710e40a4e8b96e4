/**
 * The two systemd units. `longshore-host` runs the scripts and has a cgroup of
 * its own to divide; `longshore-agent` is the link, which may be restarted at
 * any time: its unit ends only its own process, never a script.
 */
export interface UnitOptions {
  /** Absolute paths. */
  node: string;
  agentMain: string;
  hostMain: string;
  dataDir: string;
  user: string;
}

export interface Units {
  'longshore-host.service': string;
  'longshore-agent.service': string;
}

export const UNIT_NAMES = ['longshore-host.service', 'longshore-agent.service'] as const;

/** The event loop must show a sign of life in this time; the network does not matter to it. */
const WATCHDOG_SECONDS = 60;

export function renderUnits(options: UnitOptions): Units {
  return { 'longshore-host.service': hostUnit(options), 'longshore-agent.service': agentUnit(options) };
}

function hostUnit({ node, hostMain, dataDir, user }: UnitOptions): string {
  return `# Written by \`longshore-agent service install\`.
[Unit]
Description=Longshore script host: runs scripts, and outlives restarts of the agent
Documentation=https://github.com/longshore/longshore
After=network.target
StartLimitIntervalSec=0

[Service]
Type=exec
User=${user}
Group=${user}
ExecStart=${quote(node)} --max-semi-space-size=4 --max-old-space-size=256 ${quote(hostMain)} --service --data-dir ${quote(dataDir)}
# Each attempt gets a leaf of this cgroup: what calls setsid is killed with it, and a pid limit holds.
Delegate=yes
# A stop asks the host, which gives scripts their grace; then everything goes.
KillMode=mixed
TimeoutStopSec=60
# 3: a host of this version and data directory runs already.
Restart=always
RestartSec=1
RestartPreventExitStatus=3
UMask=0077
# Scripts belong here: what they may do is the user's matter (sudo works, so no NoNewPrivileges).
OOMPolicy=continue
OOMScoreAdjust=-200
LimitNOFILE=65536
TasksMax=infinity

[Install]
WantedBy=multi-user.target
`;
}

function agentUnit({ node, agentMain, dataDir, user }: UnitOptions): string {
  return `# Written by \`longshore-agent service install\`.
[Unit]
Description=Longshore agent: the link to the server
Documentation=https://github.com/longshore/longshore
After=network-online.target longshore-host.service
Wants=network-online.target longshore-host.service
StartLimitIntervalSec=0

[Service]
Type=notify
# systemd-notify, which the agent calls through a small shell, is another process of this unit.
NotifyAccess=all
WatchdogSec=${WATCHDOG_SECONDS}
User=${user}
Group=${user}
Environment=LONGSHORE_DATA_DIR=${quote(dataDir)} LONGSHORE_SCRIPT_HOST=service
ExecStart=${quote(node)} ${quote(agentMain)} run
# Only the link itself: scripts are not its children.
KillMode=process
TimeoutStopSec=20
Restart=always
RestartSec=1
UMask=0077
LimitNOFILE=65536
# The link runs nothing of others: it gets little. /tmp is shared, for the host's socket may be there.
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths=${quote(dataDir)}
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
PrivateDevices=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service

[Install]
WantedBy=multi-user.target
`;
}

/** systemd splits at spaces, and reads % and backslashes. */
function quote(text: string): string {
  const escaped = text.replaceAll('%', '%%');
  return /^[\w@%+=:,./-]+$/.test(escaped)
    ? escaped
    : `"${escaped.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

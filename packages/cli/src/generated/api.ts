// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type paths = any;
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    Error: {
      error: {
        /** @description One of a closed set: invalid, notFound, conflict, … */
        code: string;
        message: string;
        fields: {
          field: string;
          /** @description The value given; never of a secret */
          value?: unknown;
          expected: string;
        }[];
        detail: {
          [key: string]: unknown;
        };
      };
    };
    Lease: {
      /** @description A ULID, made by the server */
      id: string;
      resource: {
        /** @enum {string} */
        kind: 'worker' | 'target';
        /** @description A ULID, made by the server */
        id: string;
        /** @description Empty when it is gone */
        name: string;
      };
      /** @enum {string} */
      mode: 'shared' | 'exclusive' | 'maintenance';
      /** @description A ULID, made by the server */
      taskId: string;
      taskName: string;
      holder: {
        /** @enum {string} */
        kind: 'task' | 'step';
        id: string;
      };
      nodeId: string;
      fence: {
        generation: number;
        n: number;
      };
      /** @description Why this resource was chosen */
      reason: string;
      /** @description Milliseconds since the epoch */
      grantedAt: number;
      /** @description When its node was declared dead; null: it is not */
      orphanedAt: number | null;
    };
    PastLease: {
      /** @description A ULID, made by the server */
      id: string;
      resource: {
        /** @enum {string} */
        kind: 'worker' | 'target';
        /** @description A ULID, made by the server */
        id: string;
        /** @description Empty when it is gone */
        name: string;
      };
      /** @enum {string} */
      mode: 'shared' | 'exclusive' | 'maintenance';
      /** @description A ULID, made by the server */
      taskId: string;
      taskName: string;
      holder: {
        /** @enum {string} */
        kind: 'task' | 'step';
        id: string;
      };
      nodeId: string;
      fence: {
        generation: number;
        n: number;
      };
      /** @description Why this resource was chosen */
      reason: string;
      /** @description Milliseconds since the epoch */
      grantedAt: number;
      /** @description When its node was declared dead; null: it is not */
      orphanedAt: number | null;
      /** @description Milliseconds since the epoch */
      releasedAt: number;
      releaseReason: string;
    };
    LeaseRequest: {
      /** @description A ULID, made by the server */
      id: string;
      ticket: number;
      /** @description From 1 */
      place: number;
      /** @description A ULID, made by the server */
      taskId: string;
      taskName: string;
      holder: {
        /** @enum {string} */
        kind: 'task' | 'step';
        id: string;
      };
      /** @enum {string} */
      mode: 'shared' | 'exclusive' | 'maintenance';
      /** @description For people: `pool linux`, `workers a, b` */
      wants: string;
      /** @description The worker that an exclusive request has chosen and waits for */
      barrier: {
        /** @enum {string} */
        kind: 'worker' | 'target';
        /** @description A ULID, made by the server */
        id: string;
        /** @description Empty when it is gone */
        name: string;
      } | null;
      /** @description Why it waits */
      reason: string;
      /** @description Milliseconds since the epoch */
      createdAt: number;
    };
    ServerNode: {
      id: string;
      /** @description Rises at each start */
      epoch: number;
      beat: number;
      /** @description host:port that agents dial */
      agentAddress: string;
      version: string;
      draining: boolean;
      /** @description Milliseconds since the epoch */
      startedAt: number;
      /** @description The node that answers */
      self: boolean;
    };
    Outcome:
      | {
          /** @constant */
          kind: 'exited';
          code: number;
        }
      | {
          /** @constant */
          kind: 'signalled';
          name: string;
        }
      | {
          /** @constant */
          kind: 'cancelled';
        }
      | {
          /** @constant */
          kind: 'timedOut';
        }
      | {
          /** @constant */
          kind: 'refused';
          reason: string;
          detail: string;
        }
      | {
          /** @constant */
          kind: 'interrupted';
          detail: string;
        }
      | {
          /** @constant */
          kind: 'lost';
          detail: string;
        };
    MachinePolicy: {
      /** @description A ULID, made by the server */
      id: string;
      name: string;
      isDefault: boolean;
      healthCheckIntervalMs: number;
      /** @description Bash; empty: only the connection is tested */
      healthCheckScript: string;
      healthCheckTimeoutMs: number;
    };
    ChangeMachinePolicy: {
      /** @description Between two health checks of a worker; 0: never */
      healthCheckIntervalMs?: number;
      /** @description Bash; empty: only the connection is tested */
      healthCheckScript?: string;
      healthCheckTimeoutMs?: number;
    };
    WorkerPool: {
      /** @description A ULID, made by the server */
      id: string;
      name: string;
      description: string;
      /** @enum {string} */
      kind: 'static' | 'dynamic';
      /**
       * @description How one of several free workers is chosen
       * @enum {string}
       */
      strategy: 'fewest-leases' | 'round-robin' | 'pin-task';
      isDefault: boolean;
      /** @description Workers in it */
      workers: number;
      /** @description Of these, healthy or with warnings */
      healthyWorkers: number;
      /** @description Milliseconds since the epoch */
      createdAt: number;
    };
    CreateWorkerPool: {
      name: string;
      description?: string;
      /**
       * @description How one of several free workers is chosen
       * @enum {string}
       */
      strategy?: 'fewest-leases' | 'round-robin' | 'pin-task';
    };
    ChangeWorkerPool: {
      name?: string;
      description?: string;
      /**
       * @description How one of several free workers is chosen
       * @enum {string}
       */
      strategy?: 'fewest-leases' | 'round-robin' | 'pin-task';
    };
    ScriptRequest: {
      /**
       * @description `bash` when not given
       * @enum {string}
       */
      interpreter?: 'bash' | 'sh' | 'python' | 'node' | 'powershell';
      body: string;
      arguments?: string[];
      environment?: {
        [key: string]: string;
      };
      variables?: {
        name: string;
        value: string;
        sensitive?: boolean;
      }[];
      files?: {
        name: string;
        /** @description Base64 of the content */
        contentBase64: string;
        executable?: boolean;
      }[];
      /** @description Between TERM and KILL */
      graceMs?: number;
      /** @description A mutex of the machine */
      isolation?: {
        name: string;
        /** @enum {string} */
        mode: 'reader' | 'writer';
      };
      terminal?: {
        columns: number;
        rows: number;
      };
      /** @description User name; the agent's own when not given */
      runAs?: string;
      maxProcesses?: number;
      outputQuotaBytes?: number;
    };
    Script: {
      /** @enum {string} */
      interpreter: 'bash' | 'sh' | 'python' | 'node' | 'powershell';
      body: string;
      arguments: string[];
      environment: {
        [key: string]: string;
      };
      variables: {
        name: string;
        value: string;
        sensitive: boolean;
      }[];
      files: {
        name: string;
        bytes: number;
        executable: boolean;
      }[];
      timeoutMs: number;
      graceMs: number;
      isolation: {
        name: string;
        /** @enum {string} */
        mode: 'reader' | 'writer';
      } | null;
      terminal: {
        columns: number;
        rows: number;
      } | null;
      runAs: string;
      maxProcesses: number;
      outputQuotaBytes: number;
    };
    CreateTask: {
      /** @description Name or id of a worker pool; neither pool nor workers: the default pool */
      pool?: string;
      /** @description Names or ids: the script runs on each */
      workers?: string[];
      name?: string;
      /**
       * @description `shared` when not given
       * @enum {string}
       */
      leaseMode?: 'shared' | 'exclusive';
      /** @description Tools that the worker must have, beside the interpreter's */
      tools?: string[];
      /** @description From start on, waiting included; 0: without limit */
      timeoutMs?: number;
      script: components['schemas']['ScriptRequest'];
    };
    Task: {
      /** @description A ULID, made by the server */
      id: string;
      /** @enum {string} */
      kind: 'script' | 'health';
      name: string;
      /** @enum {string} */
      state:
        'queued' | 'executing' | 'waiting' | 'cancelling' | 'success' | 'failed' | 'cancelled' | 'timedOut';
      target:
        | {
            /** @constant */
            kind: 'pool';
            /** @description A ULID, made by the server */
            poolId: string;
            /** @description Empty when the pool is gone */
            poolName: string;
          }
        | {
            /** @constant */
            kind: 'workers';
            workerIds: string[];
          };
      /** @enum {string} */
      leaseMode: 'shared' | 'exclusive';
      tools: string[];
      /** @description Order in the queue: a lower one goes first */
      ticket: number;
      /** @description Place in the queue from 1; null when it is not queued */
      place: number | null;
      nodeId: string | null;
      /** @description Why it waits; empty when it does not */
      waitReason: string;
      /** @description What became of it, in one line */
      message: string;
      timeoutMs: number;
      createdBy: string;
      cancelRequestedAt: number | null;
      /** @description Milliseconds since the epoch */
      createdAt: number;
      startedAt: number | null;
      endedAt: number | null;
    };
    TaskDetail: {
      /** @description A ULID, made by the server */
      id: string;
      /** @enum {string} */
      kind: 'script' | 'health';
      name: string;
      /** @enum {string} */
      state:
        'queued' | 'executing' | 'waiting' | 'cancelling' | 'success' | 'failed' | 'cancelled' | 'timedOut';
      target:
        | {
            /** @constant */
            kind: 'pool';
            /** @description A ULID, made by the server */
            poolId: string;
            /** @description Empty when the pool is gone */
            poolName: string;
          }
        | {
            /** @constant */
            kind: 'workers';
            workerIds: string[];
          };
      /** @enum {string} */
      leaseMode: 'shared' | 'exclusive';
      tools: string[];
      /** @description Order in the queue: a lower one goes first */
      ticket: number;
      /** @description Place in the queue from 1; null when it is not queued */
      place: number | null;
      nodeId: string | null;
      /** @description Why it waits; empty when it does not */
      waitReason: string;
      /** @description What became of it, in one line */
      message: string;
      timeoutMs: number;
      createdBy: string;
      cancelRequestedAt: number | null;
      /** @description Milliseconds since the epoch */
      createdAt: number;
      startedAt: number | null;
      endedAt: number | null;
      script: components['schemas']['Script'];
    };
    CancelTask: {
      reason?: string;
    };
    DidNotRun: {
      /** @description Id of the unreachable attempt; not given: all of the task that wait for an unreachable worker */
      attempt?: string;
    };
    TaskLogEntry: {
      /** @description Numbered from 1 in a task */
      n: number;
      /** @description Milliseconds since the epoch */
      time: number;
      /** @enum {string} */
      level: 'verbose' | 'info' | 'highlight' | 'wait' | 'warning' | 'error';
      text: string;
      /** @description Empty when about the task */
      attemptId: string;
    };
    Attempt: {
      /** @description A ULID, made by the server */
      id: string;
      /** @description A ULID, made by the server */
      taskId: string;
      action: string;
      /** @description A ULID, made by the server */
      workerId: string;
      /** @description Empty when the worker is gone */
      workerName: string;
      try: number;
      leaseId: string;
      /** @enum {string} */
      state: 'planned' | 'sending' | 'accepted' | 'waiting' | 'running' | 'ended' | 'denied';
      /** @description Spool bytes stored, record headers included */
      outputLength: number;
      eventCount: number;
      outcome: components['schemas']['Outcome'] | null;
      /** @description The script's own word on how it ended (`fail step`), if it said one */
      message: string;
      /** @description That all its processes are gone could not be shown */
      bestEffortCleanup: boolean;
      /** @description Of the whole output, hex; empty before its end */
      digest: string;
      /** @description All output, events and artifacts are stored */
      complete: boolean;
      /** @description Milliseconds since the epoch */
      createdAt: number;
      startedAt: number | null;
      endedAt: number | null;
    };
    OutputVariable: {
      /** @description A ULID, made by the server */
      attemptId: string;
      action: string;
      workerName: string;
      name: string;
      /** @description `********` when sensitive */
      value: string;
      sensitive: boolean;
    };
    Artifact: {
      /** @description A ULID, made by the server */
      id: string;
      /** @description A ULID, made by the server */
      taskId: string;
      /** @description A ULID, made by the server */
      attemptId: string;
      name: string;
      length: number;
      /** @description SHA-256, hex */
      digest: string;
      /** @description Why it could not be collected; empty: it was */
      error: string;
      /** @description Milliseconds since the epoch */
      createdAt: number;
    };
    TaskStreamEvent:
      | {
          /** @constant */
          event: 'task';
          data: components['schemas']['Task'];
        }
      | {
          /** @constant */
          event: 'log';
          data: {
            entries: components['schemas']['TaskLogEntry'][];
          };
        }
      | {
          /** @constant */
          event: 'attempt';
          data: {
            /** @description A ULID, made by the server */
            id: string;
            action: string;
            /** @description A ULID, made by the server */
            workerId: string;
            workerName: string;
            state: string;
            outcome: components['schemas']['Outcome'] | null;
            message: string;
            complete: boolean;
          };
        }
      | {
          /** @constant */
          event: 'output';
          data: {
            /** @description A ULID, made by the server */
            attemptId: string;
            /** @description Spool offset of the first record */
            from: number;
            /** @description Spool offset after the last record */
            next: number;
            records: {
              /** @enum {string} */
              stream: 'stdout' | 'stderr' | 'marker';
              /** @description Milliseconds since the epoch */
              time: number;
              /** @description A marker's is JSON */
              base64: string;
            }[];
          };
        }
      | {
          /** @constant */
          event: 'event';
          data:
            | {
                /** @description A ULID, made by the server */
                attemptId: string;
                n: number;
                atOffset: number;
                /** @description Milliseconds since the epoch */
                time: number;
                /** @constant */
                kind: 'setVariable';
                name: string;
                value: string;
                sensitive: boolean;
              }
            | {
                /** @description A ULID, made by the server */
                attemptId: string;
                n: number;
                atOffset: number;
                /** @description Milliseconds since the epoch */
                time: number;
                /** @constant */
                kind: 'newArtifact';
                index: number;
                name: string;
                path: string;
              }
            | {
                /** @description A ULID, made by the server */
                attemptId: string;
                n: number;
                atOffset: number;
                /** @description Milliseconds since the epoch */
                time: number;
                /** @constant */
                kind: 'progress';
                percentage: number;
                message: string;
              }
            | {
                /** @description A ULID, made by the server */
                attemptId: string;
                n: number;
                atOffset: number;
                /** @description Milliseconds since the epoch */
                time: number;
                /** @constant */
                kind: 'resultMessage';
                text: string;
              }
            | {
                /** @description A ULID, made by the server */
                attemptId: string;
                n: number;
                atOffset: number;
                /** @description Milliseconds since the epoch */
                time: number;
                /** @constant */
                kind: 'levelChanged';
                /** @enum {string} */
                stream: 'stdout' | 'stderr';
                level: string;
              }
            | {
                /** @description A ULID, made by the server */
                attemptId: string;
                n: number;
                atOffset: number;
                /** @description Milliseconds since the epoch */
                time: number;
                /** @constant */
                kind: 'note';
                level: string;
                text: string;
              };
        }
      | {
          /** @constant */
          event: 'end';
          data: {
            task: components['schemas']['Task'];
            attempts: components['schemas']['Attempt'][];
          };
        };
    RegistrationToken: {
      /** @description A ULID, made by the server */
      id: string;
      pools: {
        /** @description A ULID, made by the server */
        id: string;
        name: string;
      }[];
      description: string;
      createdBy: string;
      /** @description Milliseconds since the epoch */
      createdAt: number;
      /** @description Milliseconds since the epoch */
      expiresAt: number;
      usedAt: number | null;
      /** @description Id of the worker that was registered with it */
      usedBy: string;
    };
    CreateRegistrationToken: {
      /** @description Names or ids of worker pools; none: the default pool */
      pools?: string[];
      description?: string;
      lifeMs?: number;
    };
    CreatedRegistrationToken: {
      /** @description A ULID, made by the server */
      id: string;
      /** @description The whole token: shown this once */
      token: string;
      /** @description Milliseconds since the epoch */
      expiresAt: number;
    };
    ApiKey: {
      /** @description A ULID, made by the server */
      id: string;
      name: string;
      /** @description Milliseconds since the epoch */
      createdAt: number;
      lastUsedAt: number | null;
      revokedAt: number | null;
    };
    CreateApiKey: {
      name: string;
    };
    CreatedApiKey: {
      /** @description A ULID, made by the server */
      id: string;
      name: string;
      /** @description The whole key: shown this once */
      key: string;
    };
    AuditEvent: {
      /** @description Milliseconds since the epoch */
      time: number;
      actor: string;
      action: string;
      subject: string;
      detail: {
        [key: string]: unknown;
      };
    };
    WhoAmI: {
      apiKey: {
        /** @description A ULID, made by the server */
        id: string;
        name: string;
      };
      space: string;
      server: {
        nodeId: string;
        version: string;
      };
    };
    MachineFacts: {
      hostname: string;
      os: string;
      architecture: string;
      processors: number;
      memoryBytes: number;
      freeDiskBytes: number;
      tools: {
        name: string;
        version: string;
      }[];
      cgroups: boolean;
    };
    Worker: {
      /** @description A ULID, made by the server */
      id: string;
      name: string;
      /** @enum {string} */
      mode: 'polling' | 'listening' | 'builtIn';
      /** @description host:port of a listening agent; empty otherwise */
      address: string;
      pools: {
        /** @description A ULID, made by the server */
        id: string;
        name: string;
      }[];
      labels: {
        [key: string]: string;
      };
      /** @description Shared leases that it takes at once */
      slots: number;
      enabled: boolean;
      draining: boolean;
      /** @description Why its identity is locked; empty: it is not */
      locked: string;
      /** @description Why it gets no new lease; empty: it may */
      quarantined: string;
      revoked: boolean;
      /** @description Deregisters itself when it stops */
      ephemeral: boolean;
      /** @description Has a session with this server node */
      connected: boolean;
      /** @description Leases held on it now */
      leases: number;
      /** @description When its last lease ended, or when it was registered; null while leased */
      idleSince: number | null;
      /** @enum {string} */
      health: 'healthy' | 'hasWarnings' | 'unhealthy' | 'unavailable' | 'unknown';
      healthReason: string;
      /** @description Milliseconds since the epoch */
      healthAt: number;
      /** @description Of its agent; empty before its first session */
      version: string;
      /** @description SHA-256 of its public key, hex: its identity */
      keyFingerprint: string;
      /** @description What the agent found on its machine */
      facts: components['schemas']['MachineFacts'] | null;
      connectedAt: number | null;
      lastSeenAt: number | null;
      /** @description Milliseconds since the epoch */
      createdAt: number;
    };
    AddListeningWorker: {
      /** @description The pairing string that `longshore-agent configure` printed */
      pairing: string;
      name?: string;
      /** @description Names or ids of worker pools; none: the default pool */
      pools?: string[];
      /** @description Labels: name to value */
      labels?: {
        [key: string]: string;
      };
      /** @description Shared leases that it takes at once */
      slots?: number;
      /** @description host:port to dial instead of that of the pairing string */
      address?: string;
    };
    ChangeWorker: {
      name?: string;
      enabled?: boolean;
      draining?: boolean;
      /** @description Shared leases that it takes at once */
      slots?: number;
      /** @description Labels: name to value */
      labels?: {
        [key: string]: string;
      };
      /** @description Names or ids of worker pools */
      pools?: string[];
    };
    HealthRecord: {
      /** @description Milliseconds since the epoch */
      time: number;
      /** @enum {string} */
      state: 'healthy' | 'hasWarnings' | 'unhealthy' | 'unavailable' | 'unknown';
      reason: string;
      /** @description The health task that found it; empty for a connection event */
      taskId: string;
    };
    WorkerHealth: {
      /** @enum {string} */
      health: 'healthy' | 'hasWarnings' | 'unhealthy' | 'unavailable' | 'unknown';
      healthReason: string;
      /** @description Milliseconds since the epoch */
      healthAt: number;
      items: components['schemas']['HealthRecord'][];
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;

// Made by scripts/generate.ts from the server's schemas.
export interface paths {
    "/api/v1/schemas/longshore.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getModelSchema"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/agent-packages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listAgentPackages"];
        put?: never;
        /** Give the server a version of the agent: the body is the package, application/octet-stream */
        post: operations["addAgentPackage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/agent-packages/{agentPackage}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["deleteAgentPackage"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/api-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listApiKeys"];
        put?: never;
        post: operations["createApiKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/api-keys/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["revokeApiKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/apply": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["apply"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/artifacts/{artifact}/content": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getArtifactContent"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/attempts/{attempt}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getAttempt"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/attempts/{attempt}/output": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The bytes that the script wrote, as far as they are stored now */
        get: operations["getOutput"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/attempts/{attempt}/spool": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The records of the output as they are stored now */
        get: operations["getSpool"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/deployments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Deploy a release to an environment */
        post: operations["deploy"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["exportModel"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/interruptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Questions that wait for an answer */
        get: operations["listInterruptions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/interruptions/{interruption}/answer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["answerInterruption"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/leases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listLeases"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/leases/{lease}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["releaseLease"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/leases/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listLeaseHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/leases/queue": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listLeaseQueue"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/nodes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listNodes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/policies/default": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getDefaultPolicy"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch: operations["changeDefaultPolicy"];
        trace?: never;
    };
    "/api/v1/spaces/{space}/pools": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listPools"];
        put?: never;
        post: operations["createPool"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/pools/{pool}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getPool"];
        put?: never;
        post?: never;
        delete: operations["deletePool"];
        options?: never;
        head?: never;
        patch: operations["changePool"];
        trace?: never;
    };
    "/api/v1/spaces/{space}/pools/{pool}/default": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["setDefaultPool"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/projects/{project}/releases/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getRelease"];
        put?: never;
        post?: never;
        delete: operations["deleteRelease"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/projects/{project}/releases/{version}/block": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["blockRelease"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/projects/{project}/releases/{version}/progression": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where it has been, and where it may go */
        get: operations["getReleaseProgression"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/projects/{project}/releases/{version}/update-variables": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Take its variables anew from what stands now */
        post: operations["updateReleaseVariables"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/projects/{project}/runbooks/{runbook}/published": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Its runs take it, and the variables, as they stand in this moment */
        put: operations["publishRunbook"];
        post?: never;
        /** Its runs take it as it stands when they are asked for */
        delete: operations["unpublishRunbook"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/projects/{project}/triggers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** When each is due next, and what came of it last */
        get: operations["listTriggers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/projects/{project}/variables": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the variables of a project are in a place */
        get: operations["listVariables"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/projects/{project}/variables/{name}/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Which of its values a variable has in a place, and why */
        get: operations["explainVariable"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/releases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listReleases"];
        put?: never;
        post: operations["createRelease"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/resources/{kind}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listResources"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/resources/{kind}/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getResource"];
        put?: never;
        post?: never;
        delete: operations["deleteResource"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/runbook-runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["runRunbook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Deployments and runbook runs, newest first */
        get: operations["listRuns"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/targets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listTargets"];
        put?: never;
        /** A machine that is registered, a cloud region, or a listening agent to pair with */
        post: operations["createTarget"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/targets/{target}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getTarget"];
        put?: never;
        post?: never;
        /** Its machine goes too, unless it is in a worker pool or another target */
        delete: operations["deleteTarget"];
        options?: never;
        head?: never;
        patch: operations["changeTarget"];
        trace?: never;
    };
    "/api/v1/spaces/{space}/targets/{target}/health-check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Check the health of its machine now; answers with the health task */
        post: operations["checkTargetHealth"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listTasks"];
        put?: never;
        /**
         * Queue a script
         * @description With `Accept: text/event-stream` the answer is the stream of the new task (as of GET …/tasks/{task}/stream), whose first event is `task`: one request submits and follows.
         */
        post: operations["createTask"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/tasks/{task}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getTask"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/tasks/{task}/artifacts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listArtifacts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/tasks/{task}/attempts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listAttempts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/tasks/{task}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["cancelTask"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/tasks/{task}/did-not-run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** An operator's word for attempts on unreachable workers: they did not run */
        post: operations["taskDidNotRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/tasks/{task}/log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getTaskLog"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/tasks/{task}/move-to-top": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["moveTaskToTop"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/tasks/{task}/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow a task: server-sent events until it ends
         * @description Each event carries an id; after a cut go on with it as `cursor` or `Last-Event-ID`.
         */
        get: operations["streamTask"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/tasks/{task}/tree": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Plan and progress of a run: steps, actions, targets */
        get: operations["getRunTree"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/tasks/{task}/variables": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listOutputVariables"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listTokens"];
        put?: never;
        /** A one-time token for `longshore-agent register` */
        post: operations["createToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/tokens/{token}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["deleteToken"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/upgrades": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Upgrade the agents of workers, one after the other; answers with the task that does it */
        post: operations["upgradeWorkers"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/workers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listWorkers"];
        put?: never;
        /** Pair with a listening agent and register it */
        post: operations["addListeningWorker"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/workers/{worker}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getWorker"];
        put?: never;
        post?: never;
        delete: operations["deleteWorker"];
        options?: never;
        head?: never;
        patch: operations["changeWorker"];
        trace?: never;
    };
    "/api/v1/spaces/{space}/workers/{worker}/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getWorkerHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/workers/{worker}/health-check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Check its health now; answers with the health task */
        post: operations["checkWorkerHealth"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spaces/{space}/workers/{worker}/unlock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["unlockWorker"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/whoami": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["whoami"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Activity: {
            endedAt: number | null;
            /** @description `2`: the third step; `2.0`: its first action; `2.0@ID`: that for a target */
            key: string;
            message: string;
            name: string;
            nextTryAt: number | null;
            startedAt: number | null;
            /** @enum {string} */
            state: "queued" | "running" | "retrying" | "deciding" | "success" | "failed" | "ignored" | "excluded" | "skipped" | "cancelled";
            tries: number;
            /** @description What it waits for, besides its attempts */
            waitsFor: {
                id: string;
                /** @enum {string} */
                kind: "task" | "interruption";
            } | null;
        };
        AddListeningWorker: {
            /** @description host:port to dial instead of that of the pairing string */
            address?: string;
            /** @description Labels: name to value */
            labels?: {
                [key: string]: string;
            };
            name?: string;
            /** @description The pairing string that `longshore-agent configure` printed */
            pairing: string;
            /** @description Names or ids of worker pools; none: the default pool */
            pools?: string[];
            /** @description Shared leases that it takes at once */
            slots?: number;
        };
        AgentPackage: {
            /** @description Of their processors: `x64`, `arm64` */
            arch: string;
            /** @description Milliseconds since the epoch */
            createdAt: number;
            createdBy: string;
            /** @description SHA-256, hex */
            digest: string;
            /** @description A ULID, made by the server */
            id: string;
            /** @description Bytes */
            length: number;
            /** @description The lowest Node that it runs on; it brings none along */
            minNode: string;
            /** @description Of the machines that it is for: `linux` */
            os: string;
            version: string;
        };
        AnswerInterruption: {
            /** @description One of its options */
            answer: string;
            notes?: string;
        };
        ApiKey: {
            /** @description Milliseconds since the epoch */
            createdAt: number;
            /** @description A ULID, made by the server */
            id: string;
            lastUsedAt: number | null;
            name: string;
            revokedAt: number | null;
        };
        Applied: {
            /** @description False: this was a plan */
            applied: boolean;
            changes: {
                /** @enum {string} */
                change: "create" | "update" | "unchanged" | "delete";
                /** @description What changes, as YAML has it; never a value */
                fields: string[];
                id: string;
                /** @enum {string} */
                kind: "workerPool" | "tagSet" | "environment" | "lifecycle" | "projectGroup" | "variableSet" | "project" | "runbook" | "tenant" | "target";
                /** @description Of a runbook: Project/Runbook */
                name: string;
            }[];
            planToken: string;
        };
        Apply: {
            /** @description Only plan */
            dryRun?: boolean;
            files: {
                /** @description As errors name it. YAML ends in .yaml or .yml, or is "-"; others are scripts that YAML names */
                path: string;
                text: string;
            }[];
            /** @description Of a plan that was shown: carry out this one, or none */
            planToken?: string;
            /** @description Delete what is stored of the kinds in the files, and is not in them */
            prune?: boolean;
        };
        Artifact: {
            /** @description A ULID, made by the server */
            attemptId: string;
            /** @description Milliseconds since the epoch */
            createdAt: number;
            /** @description SHA-256, hex */
            digest: string;
            /** @description Why it could not be collected; empty: it was */
            error: string;
            /** @description A ULID, made by the server */
            id: string;
            length: number;
            name: string;
            /** @description A ULID, made by the server */
            taskId: string;
        };
        Attempt: {
            action: string;
            /** @description That all its processes are gone could not be shown */
            bestEffortCleanup: boolean;
            /** @description All output, events and artifacts are stored */
            complete: boolean;
            /** @description Milliseconds since the epoch */
            createdAt: number;
            /** @description Of the whole output, hex; empty before its end */
            digest: string;
            endedAt: number | null;
            eventCount: number;
            /** @description A ULID, made by the server */
            id: string;
            leaseId: string;
            /** @description The script's own word on how it ended (`fail step`), if it said one */
            message: string;
            outcome: components["schemas"]["Outcome"] | null;
            /** @description Spool bytes stored, record headers included */
            outputLength: number;
            startedAt: number | null;
            /** @enum {string} */
            state: "planned" | "sending" | "accepted" | "waiting" | "running" | "ended" | "denied";
            /** @description A ULID, made by the server */
            taskId: string;
            try: number;
            /** @description A ULID, made by the server */
            workerId: string;
            /** @description Empty when the worker is gone */
            workerName: string;
        };
        AuditEvent: {
            action: string;
            actor: string;
            detail: {
                [key: string]: unknown;
            };
            subject: string;
            /** @description Milliseconds since the epoch */
            time: number;
        };
        BlockRelease: {
            /** @description Empty: it may go on again */
            reason: string;
        };
        CancelTask: {
            reason?: string;
        };
        ChangeDeploymentTarget: {
            description?: string;
            disabled?: boolean;
            /** @description Names or ids of environments */
            environments?: string[];
            name?: string;
            /** @description Of a cloud region; null: the default pool */
            pool?: string | null;
            /** @description Target tags */
            roles?: string[];
            /** @enum {string} */
            tenanted?: "untenanted" | "tenanted" | "either";
            /** @description Names or ids of tenants */
            tenants?: string[];
            /** @description As `Set/Tag` */
            tenantTags?: string[];
        };
        ChangeMachinePolicy: {
            /** @description Between two health checks of a worker; 0: never */
            healthCheckIntervalMs?: number;
            /** @description Bash; empty: only the connection is tested */
            healthCheckScript?: string;
            healthCheckTimeoutMs?: number;
        };
        ChangeWorker: {
            draining?: boolean;
            enabled?: boolean;
            /** @description Labels: name to value */
            labels?: {
                [key: string]: string;
            };
            name?: string;
            /** @description Names or ids of worker pools; none, for the machine of a deployment target: it is no worker any more */
            pools?: string[];
            /** @description Shared leases that it takes at once */
            slots?: number;
        };
        ChangeWorkerPool: {
            description?: string;
            name?: string;
            /**
             * @description How one of several free workers is chosen
             * @enum {string}
             */
            strategy?: "fewest-leases" | "round-robin" | "pin-task";
        };
        CreateApiKey: {
            name: string;
        };
        CreatedApiKey: {
            /** @description A ULID, made by the server */
            id: string;
            /** @description The whole key: shown this once */
            key: string;
            name: string;
        };
        CreateDeploymentTarget: {
            description?: string;
            /** @description Names or ids of environments */
            environments: string[];
            /** @description Where not given, its machine's */
            name?: string;
            reachedBy: {
                /** @constant */
                kind: "machine";
                /** @description Name or id of a worker */
                machine: string;
            } | {
                /** @constant */
                kind: "cloudRegion";
                /** @description Name or id of the pool that acts for it; none: the default pool */
                pool?: string;
            } | {
                /** @description host:port to dial instead of that of the pairing string */
                address?: string;
                /** @constant */
                kind: "listening";
                /** @description Labels: name to value */
                labels?: {
                    [key: string]: string;
                };
                /** @description The pairing string that `longshore-agent configure` printed */
                pairing: string;
                /** @description That it is a worker of too */
                pools?: string[];
                slots?: number;
            };
            /** @description Target tags */
            roles: string[];
            /**
             * @description `tenanted` where tenants or tags are named, unless told
             * @enum {string}
             */
            tenanted?: "untenanted" | "tenanted" | "either";
            /** @description Names or ids of tenants */
            tenants?: string[];
            /** @description As `Set/Tag` */
            tenantTags?: string[];
        };
        CreatedRegistrationToken: {
            /** @description Milliseconds since the epoch */
            expiresAt: number;
            /** @description A ULID, made by the server */
            id: string;
            /** @description The whole token: shown this once */
            token: string;
            /** @description What works, but is mostly not what people want */
            warnings: string[];
        };
        CreateRegistrationToken: {
            description?: string;
            lifeMs?: number;
            /** @description Names or ids of worker pools; none: the default pool, unless there is a target */
            pools?: string[];
            /** @description What the machine becomes a deployment target of */
            target?: components["schemas"]["TargetScope"];
        };
        CreateRelease: {
            /** @description Not given: the default channel */
            channel?: string;
            /** @description A release of that version is given back, not refused */
            ignoreExisting?: boolean;
            notes?: string;
            /** @description Name or id */
            project: string;
            /** @description Not given: as the project's version template says */
            version?: string;
        };
        CreateTask: {
            /**
             * @description `shared` when not given
             * @enum {string}
             */
            leaseMode?: "shared" | "exclusive";
            name?: string;
            /** @description Name or id of a worker pool; neither pool nor workers: the default pool */
            pool?: string;
            script: components["schemas"]["ScriptRequest"];
            /** @description From start on, waiting included; 0: without limit */
            timeoutMs?: number;
            /** @description Tools that the worker must have, beside the interpreter's */
            tools?: string[];
            /** @description Names or ids: the script runs on each */
            workers?: string[];
        };
        CreateWorkerPool: {
            description?: string;
            name: string;
            /**
             * @description How one of several free workers is chosen
             * @enum {string}
             */
            strategy?: "fewest-leases" | "round-robin" | "pin-task";
        };
        Deploy: {
            comments?: string;
            /** @description Name or id */
            environment: string;
            excludeTargets?: string[];
            /** @description It ends, timed out, when it has not started by then */
            expiresAt?: number;
            /** @description Not given: as project and environment say */
            guidedFailure?: boolean;
            /** @description It starts then, or later */
            notBefore?: number;
            /** @description Before others in the queue */
            prioritise?: boolean;
            project: string;
            /** @description Steps that do not run */
            skip?: string[];
            /** @description Only on these deployment targets */
            targets?: string[];
            /** @description Name or id */
            tenant?: string;
            timeoutMs?: number;
            /** @description Values of prompted variables, by label or name */
            variables?: {
                [key: string]: string;
            };
            /** @description Of the release */
            version: string;
        };
        DeploymentTarget: {
            /** @description Milliseconds since the epoch */
            changedAt: number;
            /** @description Milliseconds since the epoch */
            createdAt: number;
            description: string;
            disabled: boolean;
            environments: {
                /** @description A ULID, made by the server */
                id: string;
                /** @description Empty when it is gone */
                name: string;
            }[];
            /** @description A ULID, made by the server */
            id: string;
            /** @description Leases that runs hold on its machine now */
            leases: number;
            /** @description Null: a cloud region, for which a worker acts */
            machine: {
                connected: boolean;
                /** @enum {string} */
                health: "healthy" | "hasWarnings" | "unhealthy" | "unavailable" | "unknown";
                /** @description Milliseconds since the epoch */
                healthAt: number;
                healthReason: string;
                /** @description A ULID, made by the server */
                id: string;
                lastSeenAt: number | null;
                /** @enum {string} */
                mode: "polling" | "listening" | "builtIn" | "";
                /** @description Empty when it is gone */
                name: string;
                /** @description Of the worker that it is too */
                pools: {
                    /** @description A ULID, made by the server */
                    id: string;
                    /** @description Empty when it is gone */
                    name: string;
                }[];
                /**
                 * @description What keeps it from scripts, the gravest first
                 * @enum {string}
                 */
                state: "ready" | "away" | "disabled" | "draining" | "quarantined" | "locked" | "revoked" | "gone";
                stateReason: string;
                /** @description Of its agent */
                version: string;
            } | null;
            name: string;
            /** @description Of a cloud region: the pool that acts for it; null: the default pool */
            pool: {
                /** @description A ULID, made by the server */
                id: string;
                /** @description Empty when it is gone */
                name: string;
            } | null;
            /** @description Target tags */
            roles: string[];
            /** @enum {string} */
            tenanted: "untenanted" | "tenanted" | "either";
            tenants: {
                /** @description A ULID, made by the server */
                id: string;
                /** @description Empty when it is gone */
                name: string;
            }[];
            /** @description As `Set/Tag` */
            tenantTags: string[];
            /** @description Rises with every change */
            version: number;
            /** @description What works, but is mostly not what people want */
            warnings: string[];
        };
        DidNotRun: {
            /** @description Id of an attempt; not given: all of the task that are on workers out of reach */
            attempt?: string;
        };
        EnvironmentProgress: {
            /** @description Why it can not be deployed there yet; empty: it can */
            bar: string;
            /** @description A ULID, made by the server */
            id: string;
            name: string;
            succeeded: boolean;
        };
        Error: {
            error: {
                /** @description One of a closed set: invalid, notFound, conflict, … */
                code: string;
                detail: {
                    [key: string]: unknown;
                };
                fields: {
                    expected: string;
                    field: string;
                    /** @description The value given; never of a secret */
                    value?: unknown;
                }[];
                message: string;
            };
        };
        ExplainedValue: {
            /** @description It is asked for when a run starts, and this is offered */
            asked: boolean;
            /** @description The verdict in words */
            because: string;
            /** @description Kinds of its scope that match, the most specific first */
            matches: ("step" | "target" | "targetedRole" | "role" | "tenant" | "tenantTag" | "environment" | "channel" | "process")[];
            /** @description Kinds of its scope that the place does not have */
            misses: ("step" | "target" | "role" | "tenant" | "tenantTag" | "environment" | "channel" | "process")[];
            name: string;
            /**
             * @description By which the winner stands before it
             * @enum {string}
             */
            rule: "step" | "target" | "targetedRole" | "role" | "tenant" | "tenantTag" | "environment" | "channel" | "process" | "project" | "origin" | "order" | "";
            /** @description Names by kind; of a kind that is not there, anywhere */
            scope: {
                channels?: string[];
                environments?: string[];
                processes?: string[];
                roles?: string[];
                steps?: string[];
                targets?: string[];
                tenants?: string[];
                tenantTags?: string[];
            };
            source: {
                /** @description A ULID, made by the server */
                id: string;
                /** @enum {string} */
                kind: "project" | "library" | "tenant" | "prompted" | "system" | "output";
                name: string;
                /** @description Where in it: a JSON pointer */
                place: string;
            };
            /** @enum {string} */
            type: "text" | "sensitive" | "workerPool";
            /** @description As it is written; `********` when it is sensitive */
            value: string;
            /** @enum {string} */
            verdict: "wins" | "tied" | "lessSpecific" | "doesNotMatch";
        };
        HealthRecord: {
            reason: string;
            /** @enum {string} */
            state: "healthy" | "hasWarnings" | "unhealthy" | "unavailable" | "unknown";
            /** @description The health task that found it; empty for a connection event */
            taskId: string;
            /** @description Milliseconds since the epoch */
            time: number;
        };
        Interruption: {
            activity: string;
            /** @description Empty: none yet, or its run ended without one */
            answer: string;
            answeredBy: string;
            /** @description Milliseconds since the epoch */
            createdAt: number;
            endedAt: number | null;
            /** @description A ULID, made by the server */
            id: string;
            instructions: string;
            /** @enum {string} */
            kind: "manual" | "guidedFailure";
            notes: string;
            /** @description The answers that there are */
            options: string[];
            responsible: string;
            /** @description A ULID, made by the server */
            taskId: string;
            title: string;
        };
        Lease: {
            fence: {
                generation: number;
                n: number;
            };
            /** @description Milliseconds since the epoch */
            grantedAt: number;
            holder: {
                id: string;
                /** @enum {string} */
                kind: "task" | "step";
            };
            /** @description A ULID, made by the server */
            id: string;
            /** @enum {string} */
            mode: "shared" | "exclusive" | "maintenance";
            nodeId: string;
            /** @description When its node was declared dead; null: it is not */
            orphanedAt: number | null;
            /** @description Why this resource was chosen */
            reason: string;
            resource: {
                /** @description Of a worker or a target: its machine's; of `run`: project, environment and tenant */
                id: string;
                /** @enum {string} */
                kind: "worker" | "target" | "run";
                /** @description Empty when it is gone */
                name: string;
            };
            /** @description A ULID, made by the server */
            taskId: string;
            taskName: string;
        };
        LeaseRequest: {
            /** @description The worker that an exclusive request has chosen and waits for */
            barrier: {
                /** @description Of a worker or a target: its machine's; of `run`: project, environment and tenant */
                id: string;
                /** @enum {string} */
                kind: "worker" | "target" | "run";
                /** @description Empty when it is gone */
                name: string;
            } | null;
            /** @description Milliseconds since the epoch */
            createdAt: number;
            holder: {
                id: string;
                /** @enum {string} */
                kind: "task" | "step";
            };
            /** @description A ULID, made by the server */
            id: string;
            /** @enum {string} */
            mode: "shared" | "exclusive" | "maintenance";
            /** @description From 1 */
            place: number;
            /** @description Why it waits */
            reason: string;
            /** @description A ULID, made by the server */
            taskId: string;
            taskName: string;
            ticket: number;
            /** @description For people: `pool linux`, `workers a, b`, `deployment target web-1` */
            wants: string;
        };
        ListedVariable: {
            ambiguous: boolean;
            name: string;
            /** @description Names by kind; of a kind that is not there, anywhere */
            scope: {
                channels?: string[];
                environments?: string[];
                processes?: string[];
                roles?: string[];
                steps?: string[];
                targets?: string[];
                tenants?: string[];
                tenantTags?: string[];
            };
            /** @description What it comes to */
            seen: components["schemas"]["SeenValue"];
            source: {
                /** @description A ULID, made by the server */
                id: string;
                /** @enum {string} */
                kind: "project" | "library" | "tenant" | "prompted" | "system" | "output";
                name: string;
                /** @description Where in it: a JSON pointer */
                place: string;
            };
            /** @enum {string} */
            type: "text" | "sensitive" | "workerPool";
            /** @description As it is written; `********` when it is sensitive */
            value: string;
        };
        MachineFacts: {
            architecture: string;
            cgroups: boolean;
            freeDiskBytes: number;
            hostname: string;
            memoryBytes: number;
            os: string;
            processors: number;
            tools: {
                name: string;
                version: string;
            }[];
        };
        MachinePolicy: {
            healthCheckIntervalMs: number;
            /** @description Bash; empty: only the connection is tested */
            healthCheckScript: string;
            healthCheckTimeoutMs: number;
            /** @description A ULID, made by the server */
            id: string;
            isDefault: boolean;
            name: string;
        };
        Outcome: {
            code: number;
            /** @constant */
            kind: "exited";
        } | {
            /** @constant */
            kind: "signalled";
            name: string;
        } | {
            /** @constant */
            kind: "cancelled";
        } | {
            /** @constant */
            kind: "timedOut";
        } | {
            detail: string;
            /** @constant */
            kind: "refused";
            reason: string;
        } | {
            detail: string;
            /** @constant */
            kind: "interrupted";
        } | {
            detail: string;
            /** @constant */
            kind: "lost";
        };
        OutputVariable: {
            action: string;
            /** @description A ULID, made by the server */
            attemptId: string;
            name: string;
            sensitive: boolean;
            /** @description `********` when sensitive */
            value: string;
            workerName: string;
        };
        PastLease: {
            fence: {
                generation: number;
                n: number;
            };
            /** @description Milliseconds since the epoch */
            grantedAt: number;
            holder: {
                id: string;
                /** @enum {string} */
                kind: "task" | "step";
            };
            /** @description A ULID, made by the server */
            id: string;
            /** @enum {string} */
            mode: "shared" | "exclusive" | "maintenance";
            nodeId: string;
            /** @description When its node was declared dead; null: it is not */
            orphanedAt: number | null;
            /** @description Why this resource was chosen */
            reason: string;
            /** @description Milliseconds since the epoch */
            releasedAt: number;
            releaseReason: string;
            resource: {
                /** @description Of a worker or a target: its machine's; of `run`: project, environment and tenant */
                id: string;
                /** @enum {string} */
                kind: "worker" | "target" | "run";
                /** @description Empty when it is gone */
                name: string;
            };
            /** @description A ULID, made by the server */
            taskId: string;
            taskName: string;
        };
        PublishedSnapshot: {
            /** @description Milliseconds since the epoch */
            publishedAt: number;
            publishedBy: string;
            /** @description A ULID, made by the server */
            runbookId: string;
            /** @description A ULID, made by the server */
            snapshotId: string;
        };
        RegistrationToken: {
            /** @description Milliseconds since the epoch */
            createdAt: number;
            createdBy: string;
            description: string;
            /** @description Milliseconds since the epoch */
            expiresAt: number;
            /** @description A ULID, made by the server */
            id: string;
            pools: {
                /** @description A ULID, made by the server */
                id: string;
                name: string;
            }[];
            /** @description The deployment target that it makes; null: none */
            target: {
                environments: {
                    /** @description A ULID, made by the server */
                    id: string;
                    /** @description Empty when it is gone */
                    name: string;
                }[];
                /** @description Target tags */
                roles: string[];
                /** @enum {string} */
                tenanted: "untenanted" | "tenanted" | "either";
                tenants: {
                    /** @description A ULID, made by the server */
                    id: string;
                    /** @description Empty when it is gone */
                    name: string;
                }[];
                /** @description As `Set/Tag` */
                tenantTags: string[];
            } | null;
            usedAt: number | null;
            /** @description Id of the machine that was registered with it */
            usedBy: string;
        };
        Release: {
            /** @description Why it may not go on along its lifecycle; empty: it may */
            blocked: string;
            channel: string;
            /** @description Milliseconds since the epoch */
            createdAt: number;
            createdBy: string;
            /** @description A ULID, made by the server */
            id: string;
            notes: string;
            /** @description A ULID, made by the server */
            projectId: string;
            version: string;
        };
        Resource: {
            /** @description As it is stored: references are ids; secrets are masked */
            body: {
                [key: string]: unknown;
            };
            /** @description Milliseconds since the epoch */
            changedAt: number;
            /** @description Milliseconds since the epoch */
            createdAt: number;
            /** @description A ULID, made by the server */
            id: string;
            /** @enum {string} */
            kind: "tagSet" | "environment" | "lifecycle" | "projectGroup" | "variableSet" | "project" | "runbook" | "tenant" | "target";
            name: string;
            /** @description Names of the ids in the body */
            names: {
                [key: string]: string;
            };
            /** @description Name of the project of a runbook; else empty */
            project: string;
            /** @description Rises with every change */
            version: number;
        };
        Run: {
            /** @description Milliseconds since the epoch */
            createdAt: number;
            createdBy: string;
            ended: boolean;
            endedAt: number | null;
            /** @description A ULID, made by the server */
            environmentId: string;
            message: string;
            /** @description Its task's: project, release or runbook, environment and tenant by their names */
            name: string;
            /** @description The task that started it; empty: none */
            parentId: string;
            /** @description A ULID, made by the server */
            projectId: string;
            /** @description Empty: a runbook */
            releaseId: string;
            /** @description Empty: a deployment */
            runbookId: string;
            startedAt: number | null;
            /** @enum {string} */
            state: "queued" | "executing" | "waiting" | "cancelling" | "success" | "failed" | "cancelled" | "timedOut";
            succeeded: boolean;
            /** @description A ULID, made by the server */
            taskId: string;
            /** @description Empty: for no tenant */
            tenantId: string;
        };
        RunRunbook: {
            comments?: string;
            /** @description As it stands now, and not as it was published */
            draft?: boolean;
            /** @description Name or id */
            environment: string;
            excludeTargets?: string[];
            /** @description It ends, timed out, when it has not started by then */
            expiresAt?: number;
            /** @description Not given: as project and environment say */
            guidedFailure?: boolean;
            /** @description It starts then, or later */
            notBefore?: number;
            /** @description Before others in the queue */
            prioritise?: boolean;
            project: string;
            runbook: string;
            /** @description Steps that do not run */
            skip?: string[];
            /** @description Only on these deployment targets */
            targets?: string[];
            /** @description Name or id */
            tenant?: string;
            timeoutMs?: number;
            /** @description Values of prompted variables, by label or name */
            variables?: {
                [key: string]: string;
            };
        };
        RunTree: {
            activities: components["schemas"]["Activity"][];
            interruptions: components["schemas"]["Interruption"][];
            /** @description Empty until the run has started */
            steps: {
                actions: {
                    kind: string;
                    name: string;
                }[];
                /** @description Actions that do not run here */
                left: {
                    name: string;
                    why: string;
                }[];
                name: string;
                roles: string[];
                /** @description Why nothing of it runs; empty: it does */
                skipped: string;
                /** @enum {string} */
                start: "afterPrevious" | "withPrevious";
                /** @description Null: its actions run once */
                targets: string[] | null;
                /** @description Targets at once */
                width: number;
            }[];
            targets: {
                /** @description A ULID, made by the server */
                id: string;
                name: string;
                roles: string[];
            }[];
        };
        Script: {
            arguments: string[];
            body: string;
            environment: {
                [key: string]: string;
            };
            files: {
                bytes: number;
                executable: boolean;
                name: string;
            }[];
            graceMs: number;
            /** @enum {string} */
            interpreter: "bash" | "sh" | "python" | "node" | "powershell";
            isolation: {
                /** @enum {string} */
                mode: "reader" | "writer";
                name: string;
            } | null;
            /** @description Not there: the default of the server */
            largestLogBytes?: number;
            maxProcesses: number;
            outputQuotaBytes: number;
            runAs: string;
            terminal: {
                columns: number;
                rows: number;
            } | null;
            timeoutMs: number;
            variables: {
                name: string;
                sensitive: boolean;
                value: string;
            }[];
        };
        ScriptRequest: {
            arguments?: string[];
            body: string;
            environment?: {
                [key: string]: string;
            };
            files?: {
                /** @description Base64 of the content */
                contentBase64: string;
                executable?: boolean;
                name: string;
            }[];
            /** @description Between TERM and KILL */
            graceMs?: number;
            /**
             * @description `bash` when not given
             * @enum {string}
             */
            interpreter?: "bash" | "sh" | "python" | "node" | "powershell";
            /** @description A mutex of the machine */
            isolation?: {
                /** @enum {string} */
                mode: "reader" | "writer";
                name: string;
            };
            /** @description Of the log, record headers included: what is beyond is dropped, and a marker at its end says how much. 0: no bound; not given: the default of the server (`--largest-log`) */
            largestLogBytes?: number;
            maxProcesses?: number;
            outputQuotaBytes?: number;
            /** @description User name; the agent's own when not given */
            runAs?: string;
            terminal?: {
                columns: number;
                rows: number;
            };
            variables?: {
                name: string;
                sensitive?: boolean;
                value: string;
            }[];
        };
        SeenValue: {
            /** @description Constructs that gave nothing, as they are written */
            missing: string[];
            /** @description Why all of it, or a part, can not be evaluated */
            problems: string[];
            /** @description It is, or it was made with one that is */
            sensitive: boolean;
            /** @description `********` when it is sensitive; empty when it can not be said */
            text: string;
        };
        ServerNode: {
            /** @description host:port that agents dial */
            agentAddress: string;
            beat: number;
            draining: boolean;
            /** @description Rises at each start */
            epoch: number;
            id: string;
            /** @description The node that answers */
            self: boolean;
            /** @description Milliseconds since the epoch */
            startedAt: number;
            version: string;
        };
        TargetScope: {
            /** @description Names or ids of environments */
            environments: string[];
            /** @description Target tags */
            roles: string[];
            /**
             * @description `tenanted` where tenants or tags are named, unless told
             * @enum {string}
             */
            tenanted?: "untenanted" | "tenanted" | "either";
            /** @description Names or ids of tenants */
            tenants?: string[];
            /** @description As `Set/Tag` */
            tenantTags?: string[];
        };
        Task: {
            cancelRequestedAt: number | null;
            /** @description Milliseconds since the epoch */
            createdAt: number;
            createdBy: string;
            endedAt: number | null;
            /** @description A ULID, made by the server */
            id: string;
            /** @enum {string} */
            kind: "script" | "health" | "upgrade" | "deployment" | "runbookRun";
            /** @enum {string} */
            leaseMode: "shared" | "exclusive";
            /** @description What became of it, in one line */
            message: string;
            name: string;
            nodeId: string | null;
            /** @description Place in the queue from 1; null when it is not queued, and in the answer to a submission */
            place: number | null;
            startedAt: number | null;
            /** @enum {string} */
            state: "queued" | "executing" | "waiting" | "cancelling" | "success" | "failed" | "cancelled" | "timedOut";
            target: {
                /** @constant */
                kind: "pool";
                /** @description A ULID, made by the server */
                poolId: string;
                /** @description Empty when the pool is gone */
                poolName: string;
            } | {
                /** @constant */
                kind: "workers";
                workerIds: string[];
            } | {
                /** @description A ULID, made by the server */
                environmentId: string;
                /**
                 * @description Of a process: a deployment, or a runbook
                 * @constant
                 */
                kind: "run";
                /** @description A ULID, made by the server */
                projectId: string;
                /** @description Empty: a runbook */
                releaseId: string;
                /** @description Empty: a deployment */
                runbookId: string;
                /** @description Empty: for no tenant */
                tenantId: string;
            };
            /** @description Order in the queue: a lower one goes first */
            ticket: number;
            timeoutMs: number;
            tools: string[];
            /** @description Why it waits; empty when it does not */
            waitReason: string;
        };
        TaskDetail: {
            cancelRequestedAt: number | null;
            /** @description Milliseconds since the epoch */
            createdAt: number;
            createdBy: string;
            endedAt: number | null;
            /** @description A ULID, made by the server */
            id: string;
            /** @enum {string} */
            kind: "script" | "health" | "upgrade" | "deployment" | "runbookRun";
            /** @enum {string} */
            leaseMode: "shared" | "exclusive";
            /** @description What became of it, in one line */
            message: string;
            name: string;
            nodeId: string | null;
            /** @description Place in the queue from 1; null when it is not queued, and in the answer to a submission */
            place: number | null;
            /** @description Null: a run of a process */
            script: components["schemas"]["Script"] | null;
            startedAt: number | null;
            /** @enum {string} */
            state: "queued" | "executing" | "waiting" | "cancelling" | "success" | "failed" | "cancelled" | "timedOut";
            target: {
                /** @constant */
                kind: "pool";
                /** @description A ULID, made by the server */
                poolId: string;
                /** @description Empty when the pool is gone */
                poolName: string;
            } | {
                /** @constant */
                kind: "workers";
                workerIds: string[];
            } | {
                /** @description A ULID, made by the server */
                environmentId: string;
                /**
                 * @description Of a process: a deployment, or a runbook
                 * @constant
                 */
                kind: "run";
                /** @description A ULID, made by the server */
                projectId: string;
                /** @description Empty: a runbook */
                releaseId: string;
                /** @description Empty: a deployment */
                runbookId: string;
                /** @description Empty: for no tenant */
                tenantId: string;
            };
            /** @description Order in the queue: a lower one goes first */
            ticket: number;
            timeoutMs: number;
            tools: string[];
            /** @description Why it waits; empty when it does not */
            waitReason: string;
        };
        TaskLogEntry: {
            /** @description Of a run: the node of its tree that it is about; empty: the task */
            activity: string;
            /** @description Empty when about the task */
            attemptId: string;
            /** @enum {string} */
            level: "verbose" | "info" | "highlight" | "wait" | "warning" | "error";
            /** @description Numbered from 1 in a task */
            n: number;
            text: string;
            /** @description Milliseconds since the epoch */
            time: number;
        };
        TaskStreamEvent: {
            data: components["schemas"]["Task"];
            /** @constant */
            event: "task";
        } | {
            data: {
                entries: components["schemas"]["TaskLogEntry"][];
            };
            /** @constant */
            event: "log";
        } | {
            /** @description Of a run, before its first activity: what its tree is made of */
            data: {
                /** @description Empty until the run has started */
                steps: {
                    actions: {
                        kind: string;
                        name: string;
                    }[];
                    /** @description Actions that do not run here */
                    left: {
                        name: string;
                        why: string;
                    }[];
                    name: string;
                    roles: string[];
                    /** @description Why nothing of it runs; empty: it does */
                    skipped: string;
                    /** @enum {string} */
                    start: "afterPrevious" | "withPrevious";
                    /** @description Null: its actions run once */
                    targets: string[] | null;
                    /** @description Targets at once */
                    width: number;
                }[];
                targets: {
                    /** @description A ULID, made by the server */
                    id: string;
                    name: string;
                    roles: string[];
                }[];
            };
            /** @constant */
            event: "plan";
        } | {
            data: components["schemas"]["Activity"];
            /** @constant */
            event: "activity";
        } | {
            data: components["schemas"]["Interruption"];
            /** @constant */
            event: "interruption";
        } | {
            data: {
                /** @description Of a run: the activity's key; with `~cleanUp`, the script after it */
                action: string;
                complete: boolean;
                /** @description A ULID, made by the server */
                id: string;
                message: string;
                outcome: components["schemas"]["Outcome"] | null;
                state: string;
                /** @description A ULID, made by the server */
                workerId: string;
                workerName: string;
            };
            /** @constant */
            event: "attempt";
        } | {
            data: {
                /** @description A ULID, made by the server */
                attemptId: string;
                /** @description Spool offset of the first record */
                from: number;
                /** @description Spool offset after the last record */
                next: number;
                records: {
                    /** @description A marker's is JSON */
                    base64: string;
                    /** @enum {string} */
                    stream: "stdout" | "stderr" | "marker";
                    /** @description Milliseconds since the epoch */
                    time: number;
                }[];
            };
            /** @constant */
            event: "output";
        } | {
            data: ({
                /** @constant */
                kind: "setVariable";
                name: string;
                sensitive: boolean;
                value: string;
            } | {
                index: number;
                /** @constant */
                kind: "newArtifact";
                name: string;
                path: string;
            } | {
                /** @constant */
                kind: "progress";
                message: string;
                percentage: number;
            } | {
                /** @constant */
                kind: "resultMessage";
                text: string;
            } | {
                /** @constant */
                kind: "levelChanged";
                level: string;
                /** @enum {string} */
                stream: "stdout" | "stderr";
            } | {
                /** @constant */
                kind: "note";
                level: string;
                text: string;
            }) & {
                atOffset: number;
                /** @description A ULID, made by the server */
                attemptId: string;
                n: number;
                /** @description Milliseconds since the epoch */
                time: number;
            };
            /** @constant */
            event: "event";
        } | {
            data: {
                attempts: components["schemas"]["Attempt"][];
                task: components["schemas"]["Task"];
            };
            /** @constant */
            event: "end";
        };
        TriggerStatus: {
            cron: string;
            disabled: boolean;
            /** @enum {string} */
            does: "deploy" | "runRunbook";
            lastFailure: {
                /** @description Milliseconds since the epoch */
                dueAt: number;
                reason: string;
            } | null;
            /** @description The last due time at which there was nothing to do */
            lastIdle: {
                /** @description Milliseconds since the epoch */
                dueAt: number;
                reason: string;
            } | null;
            /** @description The last due time that started something */
            lastRun: {
                /** @description Milliseconds since the epoch */
                dueAt: number;
                taskIds: string[];
            } | null;
            name: string;
            /** @description Null: none comes */
            nextDueAt: number | null;
            /** @description Why it starts nothing; empty: it does */
            off: string;
            timeZone: string;
        };
        UpgradeWorkers: {
            /** @description An agent goes back to the version before when the new one has no session in this time; none: 30 s */
            confirmWithinMs?: number;
            /** @description Name or id of a worker pool, instead of workers */
            pool?: string;
            /** @description None: that of the agent package that was added last */
            version?: string;
            /** @description Names or ids of workers */
            workers?: string[];
        };
        VariableExplanation: {
            ambiguous: boolean;
            name: string;
            /** @description What it comes to; null: it has no value here */
            value: components["schemas"]["SeenValue"] | null;
            /** @description The winner first, at the end those that do not match */
            values: components["schemas"]["ExplainedValue"][];
            warnings: string[];
        };
        WhoAmI: {
            apiKey: {
                /** @description A ULID, made by the server */
                id: string;
                name: string;
            };
            server: {
                nodeId: string;
                version: string;
            };
            space: string;
        };
        Worker: {
            /** @description host:port of a listening agent; empty otherwise */
            address: string;
            /** @description Has a session with a server node */
            connected: boolean;
            connectedAt: number | null;
            /** @description Milliseconds since the epoch */
            createdAt: number;
            draining: boolean;
            enabled: boolean;
            /** @description Deregisters itself when it stops */
            ephemeral: boolean;
            /** @description What the agent found on its machine */
            facts: components["schemas"]["MachineFacts"] | null;
            /** @enum {string} */
            health: "healthy" | "hasWarnings" | "unhealthy" | "unavailable" | "unknown";
            /** @description Milliseconds since the epoch */
            healthAt: number;
            healthReason: string;
            /** @description A ULID, made by the server */
            id: string;
            /** @description When its last lease ended, or when it was registered; null while leased */
            idleSince: number | null;
            /** @description SHA-256 of its public key, hex: its identity */
            keyFingerprint: string;
            labels: {
                [key: string]: string;
            };
            lastSeenAt: number | null;
            /** @description Leases held on it now */
            leases: number;
            /** @description Why its identity is locked; empty: it is not */
            locked: string;
            /** @enum {string} */
            mode: "polling" | "listening" | "builtIn";
            name: string;
            pools: {
                /** @description A ULID, made by the server */
                id: string;
                name: string;
            }[];
            /** @description Why it gets no new lease; empty: it may */
            quarantined: string;
            revoked: boolean;
            /** @description Shared leases that it takes at once */
            slots: number;
            /** @description Deployment targets that it is the machine of */
            targets: {
                /** @description A ULID, made by the server */
                id: string;
                name: string;
            }[];
            /** @description Id of the task that upgrades its agent now; empty: none does */
            upgrading: string;
            /** @description Of its agent; empty before its first session */
            version: string;
        };
        WorkerHealth: {
            /** @enum {string} */
            health: "healthy" | "hasWarnings" | "unhealthy" | "unavailable" | "unknown";
            /** @description Milliseconds since the epoch */
            healthAt: number;
            healthReason: string;
            items: components["schemas"]["HealthRecord"][];
        };
        WorkerPool: {
            /** @description Milliseconds since the epoch */
            createdAt: number;
            description: string;
            /** @description Of these, healthy or with warnings */
            healthyWorkers: number;
            /** @description A ULID, made by the server */
            id: string;
            isDefault: boolean;
            /** @enum {string} */
            kind: "static" | "dynamic";
            name: string;
            /**
             * @description How one of several free workers is chosen
             * @enum {string}
             */
            strategy: "fewest-leases" | "round-robin" | "pin-task";
            /** @description Workers in it */
            workers: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getModelSchema: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listAgentPackages: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["AgentPackage"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    addAgentPackage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentPackage"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    deleteAgentPackage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of an agent package */
                agentPackage: string;
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listApiKeys: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ApiKey"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    createApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateApiKey"];
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedApiKey"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    revokeApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of an API key */
                key: string;
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    apply: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Apply"];
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Applied"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getArtifactContent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of an artifact */
                artifact: string;
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Bytes: application/octet-stream */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getAttempt: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of an attempt */
                attempt: string;
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Attempt"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getOutput: {
        parameters: {
            query?: {
                /** @description Spool offset of a record */
                from?: number;
                stream?: "stdout" | "stderr" | "all";
                /** @description Spool offset of a record; not given: to the end of what is stored */
                to?: number;
            };
            header?: never;
            path: {
                /** @description Id of an attempt */
                attempt: string;
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Bytes: application/octet-stream */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getSpool: {
        parameters: {
            query?: {
                /** @description Spool offset of a record */
                from?: number;
            };
            header?: never;
            path: {
                /** @description Id of an attempt */
                attempt: string;
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Bytes: application/octet-stream */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listAudit: {
        parameters: {
            query?: {
                limit?: number;
            };
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["AuditEvent"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    deploy: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Deploy"];
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    exportModel: {
        parameters: {
            query?: {
                /** @description Left out: all kinds */
                kind?: "workerPool" | "tagSet" | "environment" | "lifecycle" | "projectGroup" | "variableSet" | "project" | "runbook" | "tenant" | "target";
                /** @description Name or id; left out: all of the kind */
                name?: string;
            };
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Bytes: application/yaml */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/yaml": string;
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listInterruptions: {
        parameters: {
            query?: {
                limit?: number;
            };
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Interruption"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    answerInterruption: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                interruption: string;
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AnswerInterruption"];
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Interruption"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listLeases: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Lease"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    releaseLease: {
        parameters: {
            query?: {
                /** @description Cancel what runs under it instead of refusing */
                force?: "true" | "false";
            };
            header?: never;
            path: {
                /** @description Id of a lease */
                lease: string;
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listLeaseHistory: {
        parameters: {
            query?: {
                limit?: number;
                task?: string;
                /** @description Name or id of a worker */
                worker?: string;
            };
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["PastLease"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listLeaseQueue: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["LeaseRequest"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listNodes: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ServerNode"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getDefaultPolicy: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MachinePolicy"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    changeDefaultPolicy: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeMachinePolicy"];
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MachinePolicy"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listPools: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["WorkerPool"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    createPool: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateWorkerPool"];
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkerPool"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getPool: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name or id of a worker pool */
                pool: string;
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkerPool"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    deletePool: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name or id of a worker pool */
                pool: string;
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    changePool: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name or id of a worker pool */
                pool: string;
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeWorkerPool"];
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkerPool"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    setDefaultPool: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name or id of a worker pool */
                pool: string;
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never> | null;
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkerPool"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getRelease: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name or id of a project */
                project: string;
                /** @description Name of the space: `default` */
                space: string;
                /** @description Version or id of a release */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    deleteRelease: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name or id of a project */
                project: string;
                /** @description Name of the space: `default` */
                space: string;
                /** @description Version or id of a release */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    blockRelease: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name or id of a project */
                project: string;
                /** @description Name of the space: `default` */
                space: string;
                /** @description Version or id of a release */
                version: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BlockRelease"];
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getReleaseProgression: {
        parameters: {
            query?: {
                tenant?: string;
            };
            header?: never;
            path: {
                /** @description Name or id of a project */
                project: string;
                /** @description Name of the space: `default` */
                space: string;
                /** @description Version or id of a release */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["EnvironmentProgress"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    updateReleaseVariables: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name or id of a project */
                project: string;
                /** @description Name of the space: `default` */
                space: string;
                /** @description Version or id of a release */
                version: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never> | null;
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    publishRunbook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name or id of a project */
                project: string;
                /** @description Name or id of a runbook of it */
                runbook: string;
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never> | null;
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PublishedSnapshot"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    unpublishRunbook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name or id of a project */
                project: string;
                /** @description Name or id of a runbook of it */
                runbook: string;
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listTriggers: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name or id of a project */
                project: string;
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["TriggerStatus"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listVariables: {
        parameters: {
            query?: {
                /** @description Not given: that of the release, or the default one */
                channel?: string;
                /** @description Not given: what is scoped by one does not hold */
                environment?: string;
                /** @description As the release keeps them; not given: as they stand now */
                release?: string;
                /** @description A role of the target, several times if it has several; not given: those of target and step */
                role?: string[];
                /** @description In its runs, instead of deployments */
                runbook?: string;
                /** @description Name of a step or an action */
                step?: string;
                /** @description Name or id of a deployment target */
                target?: string;
                /** @description Name or id */
                tenant?: string;
            };
            header?: never;
            path: {
                /** @description Name or id of a project */
                project: string;
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ListedVariable"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    explainVariable: {
        parameters: {
            query: {
                /** @description Not given: that of the release, or the default one */
                channel?: string;
                /** @description Name or id */
                environment: string;
                /** @description As the release keeps them; not given: as they stand now */
                release?: string;
                /** @description A role of the target, several times if it has several; not given: those of target and step */
                role?: string[];
                /** @description In its runs, instead of deployments */
                runbook?: string;
                /** @description Name of a step or an action */
                step?: string;
                /** @description Name or id of a deployment target */
                target?: string;
                /** @description Name or id */
                tenant?: string;
            };
            header?: never;
            path: {
                /** @description Of a variable, in any case */
                name: string;
                /** @description Name or id of a project */
                project: string;
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VariableExplanation"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listReleases: {
        parameters: {
            query?: {
                /** @description Releases older than this id only; newest come first */
                before?: string;
                channel?: string;
                limit?: number;
                project?: string;
            };
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Release"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    createRelease: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateRelease"];
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listResources: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                kind: "tagSet" | "environment" | "lifecycle" | "projectGroup" | "variableSet" | "project" | "runbook" | "tenant" | "target";
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Resource"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getResource: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                kind: "tagSet" | "environment" | "lifecycle" | "projectGroup" | "variableSet" | "project" | "runbook" | "tenant" | "target";
                /** @description Name or id; of a runbook Project/Runbook too */
                name: string;
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Resource"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    deleteResource: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                kind: "tagSet" | "environment" | "lifecycle" | "projectGroup" | "variableSet" | "project" | "runbook" | "tenant" | "target";
                /** @description Name or id; of a runbook Project/Runbook too */
                name: string;
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    runRunbook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RunRunbook"];
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listRuns: {
        parameters: {
            query?: {
                before?: string;
                environment?: string;
                /** @description Not given: both */
                kind?: "deployment" | "runbookRun";
                limit?: number;
                project?: string;
                tenant?: string;
            };
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Run"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listTargets: {
        parameters: {
            query?: {
                /** @description Name or id of an environment */
                environment?: string;
                role?: string;
            };
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["DeploymentTarget"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    createTarget: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateDeploymentTarget"];
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentTarget"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getTarget: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
                /** @description Name or id of a deployment target */
                target: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentTarget"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    deleteTarget: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
                /** @description Name or id of a deployment target */
                target: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    changeTarget: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
                /** @description Name or id of a deployment target */
                target: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeDeploymentTarget"];
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentTarget"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    checkTargetHealth: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
                /** @description Name or id of a deployment target */
                target: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never> | null;
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listTasks: {
        parameters: {
            query?: {
                /** @description Tasks older than this one only; newest come first */
                before?: string;
                limit?: number;
                /** @description Name or id of a worker pool */
                pool?: string;
                state?: "queued" | "executing" | "waiting" | "cancelling" | "success" | "failed" | "cancelled" | "timedOut";
                /** @description Name or id of a worker */
                worker?: string;
            };
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Task"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    createTask: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateTask"];
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getTask: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
                /** @description Id of a task */
                task: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskDetail"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listArtifacts: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
                /** @description Id of a task */
                task: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Artifact"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listAttempts: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
                /** @description Id of a task */
                task: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Attempt"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    cancelTask: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
                /** @description Id of a task */
                task: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CancelTask"] | null;
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    taskDidNotRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
                /** @description Id of a task */
                task: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DidNotRun"] | null;
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getTaskLog: {
        parameters: {
            query?: {
                /** @description Entries with a higher number only */
                after?: number;
                limit?: number;
            };
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
                /** @description Id of a task */
                task: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["TaskLogEntry"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    moveTaskToTop: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
                /** @description Id of a task */
                task: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never> | null;
            };
        };
        responses: {
            /** @description Done; no body */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    streamTask: {
        parameters: {
            query?: {
                /** @description The id of the last event seen */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
                /** @description Id of a task */
                task: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description text/event-stream of these */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["TaskStreamEvent"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getRunTree: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
                /** @description Id of a task */
                task: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunTree"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listOutputVariables: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
                /** @description Id of a task */
                task: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["OutputVariable"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listTokens: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["RegistrationToken"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    createToken: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateRegistrationToken"];
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedRegistrationToken"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    deleteToken: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
                /** @description Id of a token */
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    upgradeWorkers: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpgradeWorkers"];
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listWorkers: {
        parameters: {
            query?: {
                /** @description Name or id of a worker pool */
                pool?: string;
            };
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Worker"][];
                    };
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    addListeningWorker: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddListeningWorker"];
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Worker"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getWorker: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
                /** @description Name or id of a worker */
                worker: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Worker"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    deleteWorker: {
        parameters: {
            query?: {
                /** @description Cancel what runs on it instead of refusing */
                force?: "true" | "false";
            };
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
                /** @description Name or id of a worker */
                worker: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    changeWorker: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
                /** @description Name or id of a worker */
                worker: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeWorker"];
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Worker"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getWorkerHealth: {
        parameters: {
            query?: {
                limit?: number;
            };
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
                /** @description Name or id of a worker */
                worker: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkerHealth"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    checkWorkerHealth: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
                /** @description Name or id of a worker */
                worker: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never> | null;
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    unlockWorker: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the space: `default` */
                space: string;
                /** @description Name or id of a worker */
                worker: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never> | null;
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Worker"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    whoami: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WhoAmI"];
                };
            };
            /** @description Default Response */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
}

/**
 * Every setting, once. The zod schema gives the types, `config/schema.json` and the environment overrides;
 * `config/default.yaml` holds the default of each with its comment (a test keeps the three together).
 */
import * as z from 'zod';

const ms = z.int().nonnegative().describe('milliseconds');
const positive = z.int().positive();
const ratio = z.number().min(0).max(1);

const CARD = String.raw`cuda:\d+|(GPU|MIG|MIG-GPU)-[0-9a-fA-F][0-9a-fA-F/-]*`;
/** `title` is how messages and the table of settings say what is allowed. */
const device = z
  .string()
  .regex(new RegExp(`^(cpu|${CARD})$`))
  .meta({ title: 'cpu, cuda:N, GPU-<uuid> or MIG-<uuid>' });
const deviceOrAuto = z
  .string()
  .regex(new RegExp(`^(cpu|auto|${CARD})$`))
  .meta({ title: 'cpu, auto, cuda:N, GPU-<uuid> or MIG-<uuid>' });

const modelSettings = z.strictObject({
  enabled: z.boolean(),
  version: z.string().min(1).describe('folder under models.dir/<name>/'),
  device: deviceOrAuto.describe('where it runs; auto: the first card where there is one, else cpu'),
  threads: z
    .union([z.literal('auto'), positive])
    .describe(
      'intra-op threads; auto = cores ÷ enabled models, at least 2 (1 on one core; on two cores 1 while other requests are under way)',
    ),
  opinions: z.boolean().describe('liveness only: also run the second-opinion graphs'),
  residency: z
    .enum(['resident', 'on_demand'])
    .describe('resident: loaded at start and kept; on_demand: loaded by a request, unloaded when idle'),
  idle_ttl_ms: positive.describe('on_demand: unloaded after so long without a request, milliseconds'),
  pin: z.boolean().describe('true: never evicted to make room for another model'),
  priority: z.int().min(-100).max(100).describe('higher is loaded first and evicted last'),
  memory_limit_mb: z.int().nonnegative().describe('over it the worker is replaced, MB; 0 = no limit'),
});
export type ModelSettings = z.infer<typeof modelSettings>;

const tenantAction = z.strictObject({
  url: z.string().describe('called to ask; empty = none'),
  method: z.enum(['GET', 'POST', 'PUT', 'DELETE']),
  body: z.string().describe('JSON body of the call; empty = none'),
  command: z.array(z.string()).describe('program and arguments run to ask, instead of a url; empty = none'),
});
export type TenantAction = z.infer<typeof tenantAction>;

const tenantSettings = z.strictObject({
  device: device.describe('the device it shares with the models, named as models.<name>.device names it'),
  holds_mb: positive.describe('what it gives back when asked, MB'),
  timeout_ms: positive.describe('longest time to answer, milliseconds'),
  release: tenantAction,
  reacquire: tenantAction,
});
export type TenantSettings = z.infer<typeof tenantSettings>;

/** What a rule may watch: of every device (the first four), or of model updates. */
export const ALERT_METRICS = [
  'gpu_util',
  'memory_ratio',
  'temperature',
  'power_ratio',
  'swap_seconds',
  'swap_error_ratio',
] as const;
export type AlertMetric = (typeof ALERT_METRICS)[number];

const alertRule = z.strictObject({
  enabled: z.boolean(),
  metric: z
    .enum(ALERT_METRICS)
    .describe('gpu_util: percent; memory_ratio, power_ratio, swap_error_ratio: 0..1; temperature: °C'),
  above: z.number().describe('fires above it'),
  clear_below: z.number().describe('ends when it is below that again'),
  for_ms: ms.describe('above it without a break for so long, milliseconds'),
  severity: z.enum(['warning', 'error']),
});
export type AlertRule = z.infer<typeof alertRule>;

export const settingsSchema = z.strictObject({
  data_dir: z.string().min(1).describe('sockets, logs, imported graphs; one server per directory'),
  http: z.strictObject({
    host: z.string().min(1),
    port: z.int().min(0).max(65_535).describe('0 = any free port'),
    allowed_hosts: z.array(z.string().min(1)).describe('names a Host header may carry, without port'),
    allowed_origins: z.array(z.string().min(1)).describe('web origins that may call the API from a browser'),
  }),
  admin: z.strictObject({
    socket: z.string().describe('path of the admin socket; empty = <data_dir>/admin.sock'),
    http: z.boolean().describe('true: the admin routes answer on http.port too, to keys of the scope admin'),
  }),
  auth: z.strictObject({
    mode: z
      .enum(['auto', 'required', 'disabled'])
      .describe('auto: requests need an API key unless http.host is this machine’s own loopback'),
    rate_limit_per_minute: z
      .int()
      .nonnegative()
      .describe('requests of one key (where keys are not asked for: of one address); 0 = no limit'),
    burst: z.int().nonnegative().describe('of them, how many may come at once; 0 = as many as in one minute'),
  }),
  limits: z.strictObject({
    upload_bytes: positive,
    model_upload_bytes: positive.describe('largest upload of a model version, all its files'),
    upload_memory_bytes: positive.describe('bytes of all uploads held at once; one more is 429 queue_full'),
    pixels: positive.describe('width × height of a picture'),
    max_faces: positive.describe('more faces → the largest ones and truncated: true'),
    queue: positive.describe('requests waiting for one model or for imaging; one more is 429 queue_full'),
    timeout_ms: positive.describe('default deadline of a request, milliseconds'),
    max_timeout_ms: positive.describe('largest timeout_ms a client may ask for'),
  }),
  imaging: z.strictObject({
    concurrency: positive.describe('pictures decoded at the same time'),
    max_frame_bytes: positive.describe('decoded bytes held at the same time'),
    crop_threads: z.int().nonnegative().describe('piscina threads for crowds; 0 = none'),
    pool_from_faces: positive.describe('faces in one picture from which the threads are used'),
    libuv_threads: positive.describe('UV_THREADPOOL_SIZE of the imaging process'),
  }),
  workers: z.strictObject({
    start_timeout_ms: positive.describe('milliseconds'),
    infer_timeout_ms: positive.describe('milliseconds; one run longer than this is a hang'),
    stop_wait_ms: ms,
    start_retries: z.int().nonnegative(),
    max_attempts: positive.describe('times a request may be begun when its workers crash'),
    poison_ttl_ms: ms.describe('a picture that crashed workers so often is refused for so long; 0 = it is forgotten'),
    probe_interval_ms: ms.describe('between two golden probes of a running worker; 0 = only after errors'),
  }),
  store: z.strictObject({
    models_dir: z.string().min(1).describe('manifests: <models_dir>/<name>/<version>/manifest.yaml'),
    cache_dir: z.string().describe('weights by sha256; empty = <data_dir>/weights'),
    mirrors: z.array(z.string()).describe('directories searched for weight files, by name and sha256'),
    offline: z.boolean().describe('true: never ask an upstream address'),
  }),
  memory: z.strictObject({
    budgets: z
      .array(
        z
          .string()
          .regex(new RegExp(`^(cpu|${CARD})=[1-9]\\d*$`))
          .meta({ title: 'device=MB, e.g. cpu=2000 or cuda:0=6000' }),
      )
      .describe(
        'device=MB: what the models of a device may take together; a device that is not named: all but headroom',
      ),
    headroom_mb: z.int().nonnegative().describe('kept free on every device, MB'),
    max_wait_ms: positive.describe('longest wait of a request for memory or a load, milliseconds'),
    fairness_ms: positive.describe('a request that waited so long goes before those for a loaded model, milliseconds'),
    grace_ms: ms.describe('a model used this recently is not idle yet, milliseconds'),
    oom_retry_ms: positive.describe('wait before a load that ran out of memory is tried again, milliseconds'),
    sample_ms: positive.describe('between two measurements of what workers and devices hold, milliseconds'),
  }),
  tenants: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9-]*$/), tenantSettings)
    .default({})
    .describe('other programs on a device that give memory back when asked'),
  rollout: z.strictObject({
    keep_warm_ms: ms.describe(
      'the old version stays loaded for so long after a swap, while there is room, milliseconds',
    ),
    retries: z.int().nonnegative().describe('of a load that failed for want of memory; waits 1, 2, 4 … s'),
    window_ms: positive.describe('outcomes of the last so many milliseconds count'),
    min_requests: positive.describe('runs of the new version before anything is said of it'),
    error_ratio: ratio.describe('most by which its failed share may be above the old version’s'),
    p99_ratio: z.number().min(1).describe('most that its p99 may be of the old version’s'),
    min_compared: positive.describe('compared answers before drift is judged'),
    drift_ratio: ratio.describe('share of compared answers that may differ'),
    min_iou: ratio.describe('boxes that overlap so much are the same face'),
    min_cosine: z.number().min(-1).max(1).describe('embeddings of the same face are at least so alike'),
    max_quality_drift: ratio.describe('most by which a quality score may move'),
  }),
  people: z.strictObject({
    enabled: z.boolean().describe('false: nobody can be enrolled, and /recognize knows nobody'),
    store_images: z
      .enum(['never', 'crops', 'originals'])
      .describe('what is kept of an enrolled picture; crops are needed to change the recognizer’s space'),
    encryption_key_file: z.string().describe('file with 32 bytes as hexadecimal or base64; empty = not encrypted'),
    retention_days: z.int().nonnegative().describe('faces older than this are deleted; 0 = never'),
    search_threads: z.union([z.literal('auto'), positive]).describe('threads of the search; auto = cores, at most 4'),
    min_margin: z
      .number()
      .min(0)
      .max(2)
      .describe('an identity is told only when the next subject is less alike by this; 0 = always'),
    max_faces_per_subject: positive,
    max_faces: positive.describe('in all collections together'),
    enrol: z.strictObject({
      several_faces: z.enum(['refuse', 'largest']).describe('a picture with more than one face'),
      min_face_size: z.int().nonnegative().describe('least shorter side of the box, pixels'),
      ood: z.enum(['require', 'report']).describe('report: enrolled all the same, with a warning'),
      liveness: z.enum(['require', 'report', 'off']).describe('off: not looked at'),
      similar: z.enum(['refuse', 'report']).describe('a face that matches another subject'),
    }),
  }),
  monitor: z.strictObject({
    enabled: z.boolean().describe('false: no monitor process; GPUs are not looked at'),
    sample_ms: z.int().min(500).max(5000).describe('between two samples of devices and workers, milliseconds'),
    timeout_ms: positive.describe('a monitor that is silent for so long is replaced, milliseconds'),
    nvml_library: z.string().describe('path of libnvidia-ml.so.1; empty = the system’s; off = no GPUs'),
  }),
  history: z.strictObject({
    enabled: z.boolean().describe('false: nothing is written to disk; the last hour is kept in memory'),
    memory_s: positive.describe('seconds kept in memory'),
    retention_hours: positive.describe('kept on disk for so long'),
    max_mb: positive.describe('size of the history on disk; the oldest goes first, MB'),
  }),
  alerts: z.strictObject({
    webhooks: z.array(z.string()).describe('addresses that get alerts as Alertmanager sends them'),
    webhook_timeout_ms: positive.describe('longest time of one call, milliseconds'),
  }),
  alert_rules: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9-]*$/), alertRule)
    .default({})
    .describe('name → rule'),
  metrics: z.strictObject({
    triton_names: z.boolean().describe('true: /metrics has Triton’s nv_* names too'),
  }),
  dashboard: z.strictObject({
    enabled: z.boolean().describe('false: no dashboard at /'),
  }),
  log: z.strictObject({
    level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    to: z
      .enum(['auto', 'stdout', 'file'])
      .describe('auto: <data_dir>/logs/server.log on a terminal, else standard output'),
    worker_max_bytes: positive.describe('a worker log is rotated at this size'),
    worker_files: positive.describe('rotated worker logs kept'),
  }),
  models: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9-]*$/), modelSettings)
    .describe('model name → which version runs, and how'),
});

/** Frozen, nothing optional, paths absolute. */
export type Settings = z.infer<typeof settingsSchema>;

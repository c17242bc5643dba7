// The gateway's records and frames. Written by `python -m tests.protocol`; not to be edited.

export const PROTOCOL = 2;

export type ServerFrame =
  | Hello
  | Snapshot
  | Events
  | Beat
  | Pong
  | Draining
  | Complaint;

export type ClientFrame =
  | Subscribe
  | Ping;

export type TopicState =
  | OverviewState
  | JobsState
  | AccountsState
  | CaptchaState
  | ProxiesState
  | SystemState
  | KeysState
  | LogsState;

export type LiveEvent =
  | NowChanged
  | TrendsChanged
  | PartsChanged
  | AlertRaised
  | AlertCleared
  | JobMoved
  | JobStepped
  | JobRemoved
  | AccountChanged
  | AccountRemoved
  | BrowserChanged
  | TabChanged
  | TabClosed
  | ProxyChanged
  | ProxyRemoved
  | HomesChanged
  | Life
  | NodesChanged
  | FiguresChanged
  | ScheduleChanged
  | ScheduleRan
  | SettingChanged
  | KeyShown
  | Logged;

export type TopicName =
  | "accounts"
  | "captcha"
  | "jobs"
  | "keys"
  | "logs"
  | "overview"
  | "proxies"
  | "system";

/** What a request may ask a model for; of several choices the usual one comes first. */
export interface Accepts {
  mode: string;
  aspect_ratios: Array<string>;
  resolutions: Array<string>;
  seconds: Array<number> | null;
  images: Bounds;
  n: Bounds;
  options: Array<string>;
}

/** One account as it is stored. Its credentials are kept apart, sealed, and never part of this record. */
export interface Account {
  id: string;
  provider: string;
  label: string;
  email: string | null;
  note: string;
  group: string;
  base_url: string | null;
  tier: Tier;
  credits: number | null;
  image_concurrency: number;
  video_concurrency: number;
  images_on: boolean;
  videos_on: boolean;
  standing: Standing;
  model_rests: Record<string, ModelRest>;
  errors_in_row: number;
  looks: number;
  captcha_strikes: number;
  struck_at: number | null;
  last_error: string;
  counts: Counts;
  created_at: number;
  last_used_at: number | null;
  login_expires_at: number | null;
}

/** Something about an account changed: standing, credits, tier, settings, what is in flight. */
export interface AccountChanged {
  type: "account_changed";
  view: AccountView;
  at: number;
}

/** One account with its credential, for moving to another instance. Secret. */
export interface AccountExport {
  provider: string;
  credential: string;
  base_url: string | null;
  label: string;
  note: string;
  group: string;
  image_concurrency: number;
  video_concurrency: number;
  enabled: boolean;
}

/** Which proxy an account is fixed to; null lets the pool choose. */
export interface AccountProxy {
  proxy_id: string | null;
}

/** An account was taken out. */
export interface AccountRemoved {
  type: "account_removed";
  account_id: string;
  at: number;
}

/** Where an account stands; everything but `ACTIVE` comes with a reason and, where known, a time of return. */
export type AccountState = "active" | "disabled" | "exhausted" | "needs_login" | "resting";

/** An account as others see it: the record and what is live about it. */
export interface AccountView {
  account: Account;
  images_in_flight: number;
  videos_in_flight: number;
  signed_in: boolean;
  parked: string;
}

export interface AccountsState {
  topic: "accounts";
  accounts: Array<AccountView>;
}

/** What became of pasted lines. */
export interface AddedProxies {
  added: Array<ProxyView>;
  known: number;
  errors: Array<LineError>;
}

/** Something that wants a person. */
export interface Alert {
  id: string;
  kind: "account_needs_login" | "backup_failed" | "balance_empty" | "credits_low" | "no_account" | "part_failed";
  subject: string;
  title: string;
  detail: string;
  since: number;
}

/** What wanted a person is well again, or gone. */
export interface AlertCleared {
  type: "alert_cleared";
  alert: Alert;
  at: number;
}

/** Something wants a person. */
export interface AlertRaised {
  type: "alert_raised";
  alert: Alert;
  at: number;
}

/** A further name for a model, added at run time. */
export interface AliasView {
  name: string;
  target: string;
  offered: boolean;
}

/** One try to deliver. */
export interface Attempt {
  at: number;
  seconds: number;
  status: number | null;
  error: string;
  wait_seconds: number;
}

/** One act of an administrator. */
export interface AuditEntry {
  id: number;
  at: number;
  who: string;
  session_id: string;
  address: string;
  act: string;
  subject: string;
  outcome: "done" | "failed" | "refused";
  detail: string;
  request_id: string;
}

/** The answer to `GET /api/audit?limit=&before=&act=`: newest first; `before` is the id of the last entry of the page before. */
export interface AuditPage {
  entries: Array<AuditEntry>;
  has_more: boolean;
}

/** Whether a copy can be read from beginning to end. */
export interface BackupCheck {
  name: string;
  ok: boolean;
  damage: string;
}

/** All copies, newest first, and the regular work that makes them. */
export interface BackupList {
  backups: Array<BackupView>;
  keep: number;
  schedule: ScheduleView | null;
}

/** One copy. Its name tells when it was made, in UTC. */
export interface BackupView {
  name: string;
  size_bytes: number;
  made_at: number;
}

export interface Beat {
  type: "beat";
  time: number;
}

/** The least and the most of something. */
export interface Bounds {
  min: number;
  max: number;
}

/** The captcha browser was started, came up, ended or could not be had. */
export interface BrowserChanged {
  type: "browser_changed";
  view: BrowserView;
  at: number;
}

/** How the captcha browser is. */
export interface BrowserView {
  state: "idle" | "starting" | "up" | "waiting";
  version: string;
  pid: number | null;
  since: number;
  starts: number;
  trouble: string;
}

/** The generations that ended from `at` on, for the length of one bucket. */
export interface Bucket {
  at: number;
  images: number;
  videos: number;
  failed: number;
  cancelled: number;
}

/** The body of `POST /api/accounts/bulk`. */
export interface Bulk {
  ids: Array<string>;
  action: "disable" | "enable" | "refresh" | "remove" | "rest" | "wake" | "proxy";
  until?: number | null;
  proxy_id?: string | null;
}

/** What became of each, in the order in which they were named. */
export interface BulkResult {
  results: Array<Done>;
}

/** `published` events since the start, `missed` by slow subscribers in all, and how many listen now. */
export interface BusStatistics {
  subscribers: number;
  published: number;
  missed: number;
}

export interface CaptchaState {
  topic: "captcha";
  method: string;
  browser: BrowserView | null;
  tabs: Array<TabView>;
}

/** What was asked for, as it stands now. */
export interface ChangedSettings {
  settings: Array<SettingView>;
  without_effect: Array<WithoutEffect>;
}

/** The body of `PATCH /api/accounts/{id}`; what is absent stays. */
export interface Changes {
  label?: string | null;
  note?: string | null;
  image_concurrency?: number | null;
  video_concurrency?: number | null;
  images_on?: boolean | null;
  videos_on?: boolean | null;
  group?: string | null;
}

/** The body of `PATCH /api/notifications/{id}`; what is absent stays. */
export interface ChannelChanges {
  name?: string;
  url?: string;
  kind?: "discord" | "json" | "slack";
  secret?: string;
  events?: Array<"account_needs_login" | "backup_failed" | "balance_empty" | "credits_low" | "no_account" | "part_failed">;
  cleared?: boolean;
  enabled?: boolean;
}

/** All channels, and about what they can be told. */
export interface ChannelList {
  channels: Array<ChannelView>;
  events: Array<"account_needs_login" | "backup_failed" | "balance_empty" | "credits_low" | "no_account" | "part_failed">;
}

/** A channel as others see it. */
export interface ChannelView {
  id: string;
  name: string;
  kind: "discord" | "json" | "slack";
  place: string;
  signed: boolean;
  events: Array<"account_needs_login" | "backup_failed" | "balance_empty" | "credits_low" | "no_account" | "part_failed">;
  cleared: boolean;
  enabled: boolean;
  created_at: number;
  last: Sent | null;
  waiting: number;
  given_up: number;
}

/** Every error code that a caller can meet. Adding one means adding its row to `KINDS`. */
export type Code = "admin_required" | "cancelled" | "captcha_refused" | "captcha_unavailable" | "conflict" | "content_policy_violation" | "draining" | "expired" | "forbidden" | "generation_timeout" | "insufficient_quota" | "internal_error" | "invalid_api_key" | "invalid_image" | "invalid_json" | "invalid_type" | "invalid_value" | "join_failed" | "method_not_allowed" | "missing_required_parameter" | "model_not_allowed" | "model_not_found" | "no_account_available" | "not_found" | "outcome_unknown" | "queue_full" | "queue_timeout" | "rate_limit_exceeded" | "request_timeout" | "request_too_large" | "result_lost" | "route_not_allowed" | "second_factor_required" | "unsupported_media_type" | "unsupported_operation" | "upscale_failed" | "upstream_error" | "upstream_rejected" | "upstream_unreachable" | "video_failed" | "video_not_ready";

/** What the page sent, or a topic, could not be served; the connection goes on. */
export interface Complaint {
  type: "error";
  code: string;
  message: string;
  topic: "accounts" | "captcha" | "jobs" | "keys" | "logs" | "overview" | "proxies" | "system" | null;
}

/** The body of `POST /api/second-factor/confirm`. */
export interface Confirmation {
  code: string;
}

/** What an account did, in all and on the UTC day `day` (ISO date). */
export interface Counts {
  images: number;
  videos: number;
  errors: number;
  day: string;
  images_today: number;
  videos_today: number;
  errors_today: number;
}

/** One message to one receiver. */
export interface Delivery {
  id: string;
  job_id: string;
  caller: string;
  place: string;
  base: string;
  created_at: number;
  state: DeliveryState;
  next_at: number | null;
  tries: number;
  attempts: Array<Attempt>;
}

/** One page of deliveries, newest first. */
export interface DeliveryPage {
  deliveries: Array<Delivery>;
  has_more: boolean;
}

/** Where a delivery stands. */
export type DeliveryState = "delivered" | "due" | "failed" | "waiting";

/** What became of one account. */
export interface Done {
  id: string;
  ok: boolean;
  account: AccountView | null;
  error: string;
}

/** The gateway has begun to stop; the connection is closed with 1001 when it is done, after so many seconds at most. */
export interface Draining {
  type: "draining";
  grace_seconds: number;
}

/** The body of every error answer. */
export interface Envelope {
  error: ErrorObject;
}

/** The inner error object; always all four fields. */
export interface ErrorObject {
  message: string;
  type: string;
  param: string | null;
  code: string | null;
}

export interface Events {
  type: "events";
  seq: number;
  topic: "accounts" | "captcha" | "jobs" | "keys" | "logs" | "overview" | "proxies" | "system";
  events: Array<NowChanged | TrendsChanged | PartsChanged | AlertRaised | AlertCleared | JobMoved | JobStepped | JobRemoved | AccountChanged | AccountRemoved | BrowserChanged | TabChanged | TabClosed | ProxyChanged | ProxyRemoved | HomesChanged | Life | NodesChanged | FiguresChanged | ScheduleChanged | ScheduleRan | SettingChanged | KeyShown | Logged>;
}

/** The body of `POST /api/accounts/export`. */
export interface ExportWish {
  passphrase: string;
}

/** A generation that failed lately. */
export interface FailureLine {
  at: number;
  job_id: string;
  request_id: string;
  model: string;
  kind: string;
  code: string;
  detail: string;
  account_id: string | null;
}

/** What the parts that are no actors say of themselves. */
export interface Figures {
  bus: BusStatistics;
  store: StoreStatistics;
  http: HttpStatistics;
  live: LiveStatistics;
}

export interface FiguresChanged {
  type: "figures_changed";
  figures: Figures;
}

/** What a caller asked for, resolved by the catalogue into what to ask which provider for. */
export interface Generation {
  provider: string;
  upstream_model: string;
  aspect_ratio: string;
  count: number;
  seed: number | null;
  upscale: "1080p" | "1k" | "2k" | "480p" | "4k" | "580p" | "720p" | "768p" | null;
  resolution: "1080p" | "1k" | "2k" | "480p" | "4k" | "580p" | "720p" | "768p" | null;
  min_tier: Tier;
  credits: number;
  mode: "extend" | "i2v" | "image" | "r2v" | "t2v";
  seconds: number | null;
  upscale_credits: number;
  tier_models: Record<string, string>;
  tier_credits: Record<string, number>;
  warnings: Array<string>;
  options: Record<string, string | boolean | number | number>;
  option_names: Record<string, string>;
  how: Record<string, unknown>;
  group: string;
  order: number;
  weight: number;
  model: string;
  kind: "image" | "video";
  prompt: string;
  inputs: Array<string>;
  mask: string | null;
  source: Source | null;
  ways: Array<Way>;
}

/** How a proxy has fared since the process began. */
export interface Health {
  score: number;
  connect_failures_in_row: number;
  rests_in_row: number;
  resting_since: number | null;
  resting_until: number | null;
  uses: number;
  failures: number;
  last_used_at: number | null;
  last_ok_at: number | null;
  last_checked_at: number | null;
  latency_seconds: number | null;
  last_fault: string;
  last_error: string;
}

export interface Hello {
  type: "hello";
  version: string;
  protocol: number;
  instance: string;
  session: string;
  time: number;
  beat_seconds: number;
  draining: boolean;
}

/** Who has a signing secret, and since when. */
export interface Holder {
  holder: string;
  created_at: number;
}

/** Everyone who has a signing secret. */
export interface HolderList {
  secrets: Array<Holder>;
}

/** Accounts go out through other proxies than before: where all stay now, by the ids of the accounts. */
export interface HomesChanged {
  type: "homes_changed";
  homes: Record<string, ProxyHome>;
  at: number;
}

export interface HttpStatistics {
  requests: number;
  repeated: number;
  failed: number;
  dialled: number;
  in_use: number;
  waiting: number;
  pool: PoolStatistics;
}

/** A caller's own key for a request, and a digest of the request's body, so that a changed body is noticed. */
export interface Idempotency {
  key: string;
  digest: string;
}

/** The body of `POST /api/accounts/import`: what an export gave. */
export interface Import {
  accounts: Array<AccountExport>;
}

/** What became of one imported account. */
export interface Imported {
  label: string;
  account: AccountView | null;
  error: string | null;
}

/** One job as it is stored. Changed only through `move`. */
export interface Job {
  id: string;
  state: JobState;
  generation: Generation;
  caller: string;
  origin: string;
  asked: string;
  request_id: string;
  created_at: number;
  updated_at: number;
  queue_deadline: number;
  deadline: number;
  remix_of: string | null;
  detached: boolean;
  idempotency: Idempotency | null;
  digest: string;
  metadata: Record<string, string>;
  shown: Record<string, string | boolean | number | number>;
  start_by: number | null;
  crashes: number;
  account_id: string | null;
  submits: number;
  price: number | null;
  made: Array<Made>;
  originals: Array<Made>;
  results: Array<string>;
  error: JobError | null;
  submitted_at: number | null;
  finished_at: number | null;
}

/** One job and where its files are. */
export interface JobDetail {
  job: Job;
  files: Array<string>;
  route: string;
  stage: string;
  position: number | null;
  percent: number | null;
  note: string;
}

/** What became of one job. */
export interface JobDone {
  id: string;
  ok: boolean;
  error: string;
}

/** Why a job failed: the fields of a `Failure`, and what could be saved of the result all the same. */
export interface JobError {
  code: Code;
  message: string;
  param: string | null;
  retry_after_seconds: number | null;
  reason: string | null;
  originals: Array<string>;
  stopped: boolean | null;
}

/** One page of jobs. */
export interface JobList {
  jobs: Array<Job>;
  has_more: boolean;
}

/** A job changed its state or its stage. */
export interface JobMoved {
  type: "job_moved";
  progress: Progress;
  at: number;
}

/** A job that was over is forgotten, with all that it made. */
export interface JobRemoved {
  type: "job_removed";
  job_id: string;
  at: number;
}

/** Where a job stands. Only `QUEUED`, `SUBMITTING`, `RUNNING`, `FETCHING` and the final three are written to disk. */
export type JobState = "cancelled" | "failed" | "fetching" | "queued" | "running" | "starting" | "submitting" | "succeeded";

/** Fields of a job that have another value now; what is left out is as it was. */
export interface JobStep {
  state: JobState;
  updated_at?: number;
  queue_deadline?: number;
  crashes?: number;
  account_id?: string | null;
  submits?: number;
  price?: number | null;
  results?: Array<string>;
  error?: JobError | null;
  submitted_at?: number | null;
  finished_at?: number | null;
}

/** A generation that the topic has told whole went on: the fields of its `Progress` that have another value now. */
export interface JobStepped {
  type: "job_stepped";
  id: string;
  job: JobStep;
  position?: number | null;
  stage?: string;
  account?: string | null;
  percent?: number | null;
  note?: string;
}

/** The body of `POST /api/jobs/bulk`. */
export interface JobsBulk {
  ids: Array<string>;
  action: "cancel" | "remove";
}

/** What became of each, in the order in which they were named. */
export interface JobsBulkResult {
  results: Array<JobDone>;
}

/** Every live generation up to a bound, and the newest ones that ended; newest first. Long prompts are cut short and upstream links left out: `GET /api/jobs/<id>` tells all, `GET /api/jobs` has the history. */
export interface JobsState {
  topic: "jobs";
  jobs: Array<Progress>;
}

/** The body of `PATCH /api/keys/{id}`: what is absent stays, null takes a limit or the expiry away. */
export interface KeyChanges {
  name?: string;
  expires_at?: number | null;
  scopes?: Array<"chat" | "gemini" | "images" | "jobs" | "models" | "responses" | "videos"> | null;
  models?: Array<string> | null;
  requests_per_minute?: number | null;
  concurrent_jobs?: number | null;
  daily_credits?: number | null;
  total_credits?: number | null;
}

/** Every key, oldest first, revoked ones included. */
export interface KeyList {
  keys: Array<KeyView>;
}

/** An API key is new or changed. */
export interface KeyShown {
  type: "key_changed";
  view: KeyView;
}

/** A key without its digest, with its limits and what it has spent. */
export interface KeyView {
  scopes: Array<"chat" | "gemini" | "images" | "jobs" | "models" | "responses" | "videos">;
  models: Array<string>;
  requests_per_minute: number | null;
  concurrent_jobs: number | null;
  daily_credits: number | null;
  total_credits: number | null;
  id: string;
  name: string;
  hint: string;
  created_at: number;
  last_used_at: number | null;
  revoked_at: number | null;
  expires_at: number | null;
  spent_today: number;
  spent_total: number;
}

export interface KeysState {
  topic: "keys";
  keys: Array<KeyView>;
}

/** A turn in the life of the child called `name`; `detail` says why or for how long, `at` is Unix time in seconds. */
export interface Life {
  type: "life";
  name: string;
  what: "crashed" | "draining" | "parked" | "restarting" | "started" | "stopped";
  detail: string;
  at: number;
}

/** Why a line (counted from 1) was not taken; quotes nothing of it. */
export interface LineError {
  line: number;
  message: string;
}

/** Figures of the live connections since the server started. */
export interface LiveStatistics {
  connections: number;
  topics: Array<string>;
  frames: number;
  encoded: number;
  resyncs: number;
  cut_off: number;
}

/** One fact. `number` rises by one with each line since the start of the process. */
export interface LogLine {
  number: number;
  at: number;
  level: string;
  logger: string;
  message: string;
  request_id: string;
  job_id: string;
  account_id: string;
  fields: Record<string, string>;
  error: string;
  traceback: string;
}

/** Lines, newest first. With `has_more`, `before` the last one's number leads on. */
export interface LogPage {
  lines: Array<LogLine>;
  has_more: boolean;
}

/** Lines of the log, oldest first. `missed` counts older ones that came too fast to be shown. */
export interface Logged {
  type: "logged";
  lines: Array<LogLine>;
  missed: number;
}

/** The newest lines, oldest first. */
export interface LogsState {
  topic: "logs";
  lines: Array<LogLine>;
}

/** One thing that the upstream made: enough to fetch it again after a restart. */
export interface Made {
  media_id: string;
  url: string | null;
  width: number;
  height: number;
  context: string;
  file: string | null;
}

/** A new key and, this once, the key itself. */
export interface MadeKey {
  key: KeyView;
  secret: string;
}

/** A mailbox at one moment. `depth` and `peak` count those who wait for room as well as what is inside. `dropped` are casts that found no room and messages that nobody will handle any more; `restarts` and `last_error` are those of the child that reads it. */
export interface MailboxStatistics {
  depth: number;
  size: number;
  peak: number;
  dropped: number;
  restarts: number;
  last_error: string | null;
}

/** One model as clients list it. `name` is what some menus show in place of the id; `supported_endpoint_types` what a painting page looks for; the rest from `kind` on is ours. */
export interface ModelEntry {
  id: string;
  object: string;
  created: number;
  owned_by: string;
  name: string;
  kind: "image" | "video";
  description: string;
  supported_endpoint_types: Array<"gemini" | "image-generation" | "openai" | "openai-response">;
  accepts: Accepts;
  needs: Needs;
}

/** How long the newest good generations of one model took, waiting included. */
export interface ModelLatency {
  model: string;
  kind: string;
  count: number;
  median_seconds: number;
  p95_seconds: number;
}

/** All models and all aliases. */
export interface ModelOffer {
  models: Array<ModelView>;
  aliases: Array<AliasView>;
}

/** One model that rests on one account. */
export interface ModelRest {
  code: string;
  detail: string;
  since: number;
  until: number | null;
}

/** A model or a family of models, with everything that goes by its name. */
export interface ModelView {
  id: string;
  title: string;
  description: string;
  kind: "image" | "video";
  provider: string;
  on: boolean;
  offered: boolean;
  members: Array<string>;
  names: Array<string>;
}

/** What an account must have for the smallest thing that a model makes. */
export interface Needs {
  tier: Tier;
  credits: number;
  tier_credits: Record<string, number>;
}

/** The body of `POST /api/accounts`. */
export interface NewAccount {
  credential: string;
  provider?: string | null;
  base_url?: string | null;
  label?: string | null;
  note?: string | null;
  group?: string | null;
  image_concurrency?: number | null;
  video_concurrency?: number | null;
}

/** The body of `PUT /api/aliases/{name}`. */
export interface NewAlias {
  target: string;
}

/** The body of `POST /api/notifications`. */
export interface NewChannel {
  name: string;
  url: string;
  kind?: "discord" | "json" | "slack";
  secret?: string;
  events?: Array<"account_needs_login" | "backup_failed" | "balance_empty" | "credits_low" | "no_account" | "part_failed">;
  cleared?: boolean;
  enabled?: boolean;
}

/** The body of `PUT /api/accounts/{id}/credential`. */
export interface NewCredential {
  credential: string;
}

/** The body of `PUT /api/schedules/{name}/interval`; null goes back to the interval of the settings. */
export interface NewInterval {
  seconds: number | null;
}

/** The body of `POST /api/keys`; a limit that is not named is none. */
export interface NewKey {
  scopes?: Array<"chat" | "gemini" | "images" | "jobs" | "models" | "responses" | "videos">;
  models?: Array<string>;
  requests_per_minute?: number | null;
  concurrent_jobs?: number | null;
  daily_credits?: number | null;
  total_credits?: number | null;
  name: string;
  expires_at?: number | null;
}

/** The body of `PUT /api/password`; `current` is needed by who is signed in, not by who has the instance's token. Ends all other sign-ins. */
export interface NewPassword {
  password: string;
  current?: string | null;
}

/** The body of `POST /api/proxies`: one proxy a line, in any of the usual notations. */
export interface NewProxies {
  text: string;
  role?: "media" | "requests";
}

/** The body of `POST /api/webhooks/secrets/{holder}`; without a secret one is made. */
export interface NewSecret {
  secret?: string | null;
}

/** One message to all channels that want it. */
export interface News {
  type: "alert.cleared" | "alert.raised" | "test";
  at: number;
  alert: Alert;
}

/** One node of the supervision tree at one moment. `last_error` is in words; only actors have a mailbox. */
export interface NodeStatistics {
  name: string;
  kind: "actor" | "supervisor";
  state: "draining" | "parked" | "running" | "starting" | "stopped" | "waiting";
  restarts: number;
  last_error: string | null;
  mailbox: MailboxStatistics | null;
  children: Array<NodeStatistics>;
}

/** One node of the supervision tree. */
export interface NodeView {
  path: string;
  parent: string;
  name: string;
  kind: "actor" | "supervisor";
  state: "draining" | "parked" | "running" | "starting" | "stopped" | "waiting";
  restarts: number;
  last_error: string | null;
  mailbox: MailboxStatistics | null;
}

/** Nodes of the supervision tree that are new or have other figures, and the paths of those that are gone. */
export interface NodesChanged {
  type: "nodes_changed";
  nodes: Array<NodeView>;
  gone: Array<string>;
}

/** News that one channel is to be told, until it is. */
export interface Notice {
  id: string;
  channel_id: string;
  news: News;
  created_at: number;
  next_at: number | null;
  tries: number;
  error: string;
}

/** What channels are still to be told, and what they did not take; oldest first. What was taken is not in it. */
export interface NoticeList {
  notices: Array<Notice>;
}

/** The numbers of this moment. */
export interface Now {
  at: number;
  waiting: number;
  running: number;
  queue_limit: number;
  accounts: Record<string, number>;
  credits: number | null;
  images_free: number;
  videos_free: number;
  dashboards: number;
}

export interface NowChanged {
  type: "now_changed";
  now: Now;
}

/** All of it. */
export interface Overview {
  now: Now;
  trends: Trends;
  parts: Array<Part>;
  alerts: Array<Alert>;
}

export interface OverviewState {
  topic: "overview";
  overview: Overview;
}

/** How one part of the gateway is. */
export interface Part {
  name: "accounts" | "captcha" | "generations" | "proxies" | "schedules";
  state: "bad" | "good" | "resting" | "working";
  code: string;
  detail: string;
}

export interface PartsChanged {
  type: "parts_changed";
  parts: Array<Part>;
}

/** The password is another one; `ended` sign-ins went with the old one. */
export interface PasswordChanged {
  ended: number;
  changed: boolean;
}

/** A sign of life; answered with `pong` when it has an id other than 0. */
export interface Ping {
  type: "ping";
  id?: number;
}

export interface Pong {
  type: "pong";
  id: number;
  time: number;
}

export interface PoolStatistics {
  idle: number;
  reused: number;
  found_dead: number;
  aged: number;
}

/** What a watcher of a job sees: the job and what is happening to it right now. */
export interface Progress {
  job: Job;
  position: number | null;
  stage: string;
  account: string | null;
  percent: number | null;
  note: string;
}

/** The body of what needs the password once more: `POST /api/second-factor` (offer), `DELETE /api/second-factor`, and `POST /api/second-factor/recovery-codes`. */
export interface Proof {
  password: string;
}

export interface ProxiesState {
  topic: "proxies";
  proxies: Array<ProxyView>;
  homes: Record<string, ProxyHome>;
}

/** One proxy as it is stored, beside its address, which is kept apart and sealed. */
export interface Proxy {
  id: string;
  place: string;
  roles: Array<"media" | "requests">;
  origin: "config" | "operator";
  enabled: boolean;
  created_at: number;
}

/** Something about a proxy changed: its standing, its score, who goes out through it. Its address is masked. */
export interface ProxyChanged {
  type: "proxy_changed";
  view: ProxyView;
  at: number;
}

/** The proxy that an account stays with. */
export interface ProxyHome {
  proxy_id: string;
  fixed: boolean;
}

/** A proxy was taken out. */
export interface ProxyRemoved {
  type: "proxy_removed";
  proxy_id: string;
  at: number;
}

/** Where a proxy stands. One that rests stays so after its time until a check goes well. */
export type ProxyState = "disabled" | "healthy" | "resting";

/** How a test went. */
export interface ProxyTest {
  ok: boolean;
  seconds: number;
  error: string;
}

/** A proxy as others see it. */
export interface ProxyView {
  proxy: Proxy;
  state: ProxyState;
  health: Health;
  accounts: number;
  last_resort: boolean;
}

/** Codes that stand in for the second factor, each once; told here and never again. */
export interface RecoveryCodes {
  codes: Array<string>;
}

/** The body of `POST /api/accounts/{id}/rest`. */
export interface RestUntil {
  until: number;
}

/** The body of `POST /api/system/restart`. */
export interface Restart {
  path: Array<string>;
}

/** A new life begins; the tree and the bus tell when it is up. */
export interface Restarting {
  path: Array<string>;
}

/** One run of regular work. */
export interface Run {
  started_at: number;
  seconds: number | null;
  result: string;
  error: string | null;
  by_hand: boolean;
}

/** A piece of regular work began to run, or was paused, resumed or given another interval. */
export interface ScheduleChanged {
  type: "schedule_changed";
  view: ScheduleView;
  at: number;
}

/** All regular work. */
export interface ScheduleList {
  schedules: Array<ScheduleView>;
}

/** A run of a piece of regular work ended; `view.last` tells how. */
export interface ScheduleRan {
  type: "schedule_ran";
  view: ScheduleView;
  at: number;
}

/** One piece of regular work: what it is, how it went last and when it comes next. */
export interface ScheduleView {
  name: string;
  purpose: string;
  interval_seconds: number;
  default_seconds: number;
  jitter: number;
  aligned: boolean;
  paused: boolean;
  running: boolean;
  last: Run | null;
  next_run: number | null;
  runs: number;
  failures: number;
}

/** All accounts with their credentials, sealed. Bytes are base64. */
export interface SealedAccounts {
  format: "flow2api-accounts-1";
  salt: string;
  nonce: string;
  sealed: string;
  passes: number;
  memory_kib: number;
  lanes: number;
}

/** The body of `POST /api/accounts/import/sealed`. */
export interface SealedImport {
  passphrase: string;
  file: SealedAccounts;
}

/** A secret for an authenticator; in force only once a code made with it has come back to `…/second-factor/confirm`. */
export interface SecondFactorOffer {
  secret: string;
  uri: string;
  qr_svg: string;
}

/** The answer to `GET /api/second-factor`. */
export interface SecondFactorView {
  on: boolean;
  since: number | null;
  recovery_codes_left: number;
}

/** How the last message went. */
export interface Sent {
  at: number;
  title: string;
  status: number | null;
  error: string;
}

/** A sign-in that is over. */
export interface SessionEnded {
  id: string;
  deleted: boolean;
}

/** The answer to `GET /api/sessions`: every sign-in that is good, newest first. */
export interface SessionList {
  sessions: Array<SessionView>;
}

/** Who asks: the answer to `GET /api/session`, to a sign-in and to the set-up. Always 200, so that a page begins with it. */
export interface SessionState {
  signed_in: boolean;
  setup_needed: boolean;
  setup_token_needed: boolean;
  second_factor: boolean;
  session: SessionView | null;
  csrf: string;
}

/** A sign-in as its owner sees it. */
export interface SessionView {
  id: string;
  created_at: number;
  seen_at: number;
  ends_at: number;
  address: string;
  user_agent: string;
  current: boolean;
}

/** How many sign-ins were ended. */
export interface SessionsEnded {
  ended: number;
}

/** A secret, told this once. The one before it goes on signing beside it for a day. */
export interface SetSecret {
  holder: string;
  secret: string;
}

/** The body of `POST /api/setup`: the administrator's first password. */
export interface SetUp {
  password: string;
  token?: string | null;
}

/** A setting was given another value at run time, which may be a secret and is not told here. */
export interface SettingChanged {
  type: "setting_changed";
  name: string;
  at: number;
}

/** The body of `PATCH /api/settings`: values by name, all of them or none; null goes back to the file or the default. */
export interface SettingChanges {
  settings: Record<string, unknown>;
}

/** Every setting, in the order of the file. */
export interface SettingList {
  sections: Array<string>;
  settings: Array<SettingView>;
}

/** One setting as it stands. */
export interface SettingView {
  name: string;
  section: string;
  value: unknown;
  default: unknown;
  source: string;
  description: string;
  allowed: string;
  sort: "choice" | "list" | "number" | "text" | "whole";
  choices: Array<string>;
  least: number | null;
  most: number | null;
  environment: string;
  run_time: boolean;
  secret: boolean;
  changed: boolean;
  outranked_by: string | null;
}

/** The body of `POST /api/session`. `code` is of the second factor or one of the recovery codes; without one, where it is needed, the answer is 401 `second_factor_required`. */
export interface SignIn {
  password: string;
  code?: string | null;
}

export interface Snapshot {
  type: "snapshot";
  seq: number;
  state: OverviewState | JobsState | AccountsState | CaptchaState | ProxiesState | SystemState | KeysState | LogsState;
}

/** A clip that a generation continues. Only the account that made it can do that. */
export interface Source {
  media_id: string;
  account_id: string | null;
  aspect_ratio: string | null;
  seconds: number | null;
  whole_seconds: number | null;
  context: string;
  before: Source | null;
}

/** State with its story: why, since when, until when, by whom. */
export interface Standing {
  state: AccountState;
  code: string;
  detail: string;
  since: number;
  until: number | null;
  by: string | null;
}

/** Figures since the store was opened. */
export interface StoreStatistics {
  writes: number;
  write_failures: number;
  withdrawn: number;
  transactions: number;
  largest_transaction: number;
  waiting: number;
  reads: number;
  write_seconds: number;
  slowest_write_seconds: number;
}

/** Every model that can be ordered from now, with what it takes. */
export interface StudioOffer {
  models: Array<ModelEntry>;
  ready: Array<string>;
}

/** The body of `POST /api/studio`; what is absent is as usual for the model. */
export interface StudioOrder {
  model: string;
  prompt: string;
  aspect_ratio?: string | null;
  resolution?: string | null;
  seconds?: number | null;
  seed?: number | null;
  n?: number;
  inputs?: Array<string>;
  source?: string | null;
}

/** The generations that were begun, in the order of the wish. */
export interface StudioOrdered {
  jobs: Array<Progress>;
}

/** Show these topics and no others. */
export interface Subscribe {
  type: "subscribe";
  topics: Array<"accounts" | "captcha" | "jobs" | "keys" | "logs" | "overview" | "proxies" | "system">;
}

/** The body of `PUT /api/models/{id}`. */
export interface Switch {
  on: boolean;
}

/** The program as it is now; the inner records are what each part says of itself. */
export interface System {
  version: string;
  uptime_seconds: number;
  draining: boolean;
  tree: NodeStatistics;
  bus: BusStatistics;
  store: StoreStatistics;
  http: HttpStatistics;
}

export interface SystemState {
  topic: "system";
  version: string;
  started_at: number;
  draining: boolean;
  nodes: Array<NodeView>;
  schedules: Array<ScheduleView>;
  figures: Figures;
}

/** A captcha tab was opened, became ready, busy or unusable, or gave a token. */
export interface TabChanged {
  type: "tab_changed";
  view: TabView;
  at: number;
}

/** A captcha tab is gone. */
export interface TabClosed {
  type: "tab_closed";
  tab_id: number;
  at: number;
}

/** How a captcha tab is. */
export interface TabView {
  id: number;
  page: string;
  exit: string;
  state: "busy" | "closing" | "opening" | "ready";
  opened_at: number;
  used_at: number;
  tokens: number;
  failures: number;
  latency_seconds: number;
}

/** Subscription level of an account. `UNKNOWN` is not `FREE`: it was never observed and gates nothing. */
export type Tier = "free" | "pro" | "ultra" | "unknown";

/** Whether a token could be had, and how long it took. The token itself is thrown away. */
export interface TokenTest {
  ok: boolean;
  seconds: number;
  error: string;
}

/** How it went over a window of time. */
export interface Trends {
  window: "day" | "hour" | "month" | "week";
  since: number;
  bucket_seconds: number;
  buckets: Array<Bucket>;
  succeeded: number;
  failed: number;
  cancelled: number;
  success_rate: number | null;
  latency: Array<ModelLatency>;
  failures: Array<FailureLine>;
}

/** Always of the last hour; other windows are for `GET /api/overview`. */
export interface TrendsChanged {
  type: "trends_changed";
  trends: Trends;
}

/** One way to make something: at which provider, with which of its models, in what shape and at what price. */
export interface Way {
  provider: string;
  upstream_model: string;
  aspect_ratio: string;
  count: number;
  seed: number | null;
  upscale: "1080p" | "1k" | "2k" | "480p" | "4k" | "580p" | "720p" | "768p" | null;
  resolution: "1080p" | "1k" | "2k" | "480p" | "4k" | "580p" | "720p" | "768p" | null;
  min_tier: Tier;
  credits: number;
  mode: "extend" | "i2v" | "image" | "r2v" | "t2v";
  seconds: number | null;
  upscale_credits: number;
  tier_models: Record<string, string>;
  tier_credits: Record<string, number>;
  warnings: Array<string>;
  options: Record<string, string | boolean | number | number>;
  option_names: Record<string, string>;
  how: Record<string, unknown>;
  group: string;
  order: number;
  weight: number;
}

/** A change that is kept but not in force, and why. */
export interface WithoutEffect {
  name: string;
  reason: string;
}

/**
 * One person labelling one project in this tab: opens tasks, keeps and sends what is done, goes from one to the next.
 * React draws `state`; the editor holds the regions.
 */

import { createStore, type StoreApi } from 'zustand/vanilla';
import type { EditorConfig, ObjectKind } from '../../editor/model/config/config.ts';
import { parseConfig } from '../../editor/model/config/parse.ts';
import { resolveConfig, resolveValue } from '../../editor/model/config/resolve.ts';
import { Editor } from '../../editor/model/editor.ts';
import type { Diff } from '../../editor/model/types.ts';
import { t } from '../../i18n/words.ts';
import { addressOfTask, mediaAddress, type LabelAddress } from './address.ts';
import { downloadCopy } from './copy-of-work.ts';
import { loadContents, sizesOf, textsOf, type Content } from './contents.ts';
import { detailOf, NoAnswer, send } from './http.ts';
import { LeadTime } from './lead-time.ts';
import { chooseOpening, type Opening } from './opening.ts';
import { TaskQueue, type Found } from './queue.ts';
import { Autosave, startWork } from './saving/autosave.ts';
import { placeName, tabChannel, webLock } from './saving/browser-parts.ts';
import { OpenTabs } from './saving/open-tabs.ts';
import { Outbox } from './saving/outbox.ts';
import { asPerson } from './saving/same-person.ts';
import { isStale, workKey, type Entry, type Work } from './saving/work.ts';
import { MemoryWorkStore, openWorkStore, type WorkStore } from './saving/work-store.ts';
import { saveState, type SaveState } from './save-state.ts';
import { SignInGate } from './sign-in-gate.ts';
import { findObstacle, type Obstacle } from './obstacles.ts';
import { changedSince, type ChangedSince } from './source-change.ts';
import type { WireProject, WireTask, WireUser } from './wire.ts';

/** A task on the screen. A new object for every opening, also of the same task. */
export interface OpenTask {
  readonly task: WireTask;
  readonly editor: Editor;
  readonly contents: readonly Content[];
  readonly opening: Opening;
  /** What the labels were made on is not what is shown. */
  readonly changed: ChangedSince | null;
  readonly autosave: Autosave;
  readonly leadTime: LeadTime;
}

export type Scene =
  | { readonly kind: 'loading'; readonly what: 'page' | 'task' }
  | { readonly kind: 'task'; readonly open: OpenTask }
  | { readonly kind: 'done' }
  /** The next task could not be fetched; everything done is kept. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'failed'; readonly title: string; readonly message: string };

export interface LabellingState {
  readonly scene: Scene;
  readonly project: WireProject | null;
  readonly user: WireUser | null;
  readonly save: SaveState;
  readonly held: readonly Entry[];
  readonly place: number;
  readonly hasPrevious: boolean;
  readonly hasNext: boolean;
  /** Why a submit did not happen. */
  readonly obstacle: Obstacle | null;
  readonly isSigningIn: boolean;
  readonly showsInstructions: boolean;
  /** Why the last act did nothing; counted, so that the same words can be said again. */
  readonly refusal: { readonly text: string; readonly count: number } | null;
  /** The open task is open in another tab too. */
  readonly isElsewhere: boolean;
  /** Said once, politely. */
  readonly said: string;
}

interface Prepared {
  readonly task: WireTask;
  readonly kept: Work | undefined;
  readonly config: EditorConfig;
  readonly contents: readonly Content[];
}

export type LoadSurface = (kind: ObjectKind) => Promise<unknown>;

const RESTING: SaveState = { kind: 'saved', text: t('Saved'), tip: '' };

export class Labelling {
  readonly address: LabelAddress;
  readonly state: StoreApi<LabellingState> = createStore(() => ({
    scene: { kind: 'loading', what: 'page' },
    project: null,
    user: null,
    save: RESTING,
    held: [],
    place: 0,
    hasPrevious: false,
    hasNext: false,
    obstacle: null,
    isSigningIn: false,
    showsInstructions: false,
    refusal: null,
    isElsewhere: false,
    said: '',
  }));
  readonly gate = new SignInGate(send, () => this.#set({ isSigningIn: true }));

  #store: WorkStore = new MemoryWorkStore();
  #outbox: Outbox | null = null;
  #config: EditorConfig | null = null;
  #editor: Editor | null = null;
  #ahead: { readonly taskId: number; readonly prepared: Promise<Prepared> } | null = null;
  #unfollow: () => void = () => undefined;
  #tabs: OpenTabs | null = null;
  #finished: OpenTask | null = null;
  readonly #queue: TaskQueue;
  readonly #loadSurface: LoadSurface;

  /** loadSurface: fetches the code that draws a kind of object; called as soon as one is known to be needed. */
  constructor(address: LabelAddress, loadSurface: LoadSurface) {
    this.address = address;
    this.#loadSurface = loadSurface;
    this.#queue = new TaskQueue({
      projectId: address.projectId,
      fetch: this.gate.fetch,
      settled: () => this.#outbox?.finished() ?? Promise.resolve(),
      onPrefetch: (task) => void (this.#ahead = { taskId: task.id, prepared: this.#prepare(task) }),
    });
  }

  get outbox(): Outbox | null {
    return this.#outbox;
  }

  get open(): OpenTask | null {
    const { scene } = this.state.getState();
    return scene.kind === 'task' ? scene.open : null;
  }

  /** Loads everything and opens the first task. Called again after a failure, it tries again. */
  async start(): Promise<void> {
    this.#set({ scene: { kind: 'loading', what: 'page' } });
    try {
      const { projectId, taskId } = this.address;
      const found = taskId === null ? this.#queue.openNext() : this.#queue.open(taskId);
      found.catch(() => undefined); // looked at below, after the others
      const project = this.gate.fetch({ method: 'GET', path: `api/projects/${projectId}/` });
      project.catch(() => undefined);
      await this.#openOutbox(await this.gate.user());
      const reply = await project;
      if (reply.status !== 200) return this.#fail(t('The project cannot be opened'), detailOf(reply));
      if (this.#takeProject(reply.body as WireProject)) await this.#show(await this.#notOnItsWay(await found));
      await this.#queue.loadHistory();
      this.#tellPlace();
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      this.#fail(t('The server cannot be reached'), t('Check the network, then try again. Nothing that you did before is lost.'));
    }
  }

  async next(): Promise<void> {
    await this.#go(() => this.#queue.openNext());
  }

  async previous(): Promise<void> {
    await this.#go(() => this.#queue.openPrevious());
  }

  async openTask(taskId: number): Promise<void> {
    await this.#go(() => this.#queue.open(taskId));
  }

  /** Submits or updates, and goes on. Nothing happens, but a word about it, while something required is missing. */
  async submit(): Promise<void> {
    const { open } = this;
    const { project } = this.state.getState();
    if (!open || !project || open === this.#finished) return;
    const obstacle = findObstacle(open.editor, project);
    this.#set({ obstacle });
    if (!obstacle) await this.#finish(open, 'submit');
  }

  async skip(): Promise<void> {
    const { open } = this;
    if (open && open !== this.#finished && this.state.getState().project?.show_skip_button !== false) await this.#finish(open, 'skip');
  }

  /** The person's word on a save that the server did not take. */
  async decide(entry: Entry, decision: 'mine' | 'drop'): Promise<void> {
    const isOpen = this.open?.task.id === entry.taskId;
    if (decision === 'drop' && isOpen) this.open?.autosave.close();
    await this.#outbox?.decide(entry.seq, decision);
    if (decision === 'mine' || !isOpen) return;
    if (entry.held?.kind !== 'gone') return this.openTask(entry.taskId);
    this.#queue.forget(entry.taskId);
    await this.next();
  }

  /** Address of a task's first picture; null when it has none, or cannot be asked for. */
  async pictureOf(taskId: number): Promise<string | null> {
    const { open } = this;
    const [object] = this.#config?.objects.filter(({ kind }) => kind === 'image') ?? [];
    if (!object) return null;
    const reply = open?.task.id === taskId ? null : await send({ method: 'GET', path: `api/tasks/${taskId}/` }).catch(() => null);
    const task = open?.task.id === taskId ? open.task : reply?.status === 200 ? (reply.body as WireTask) : null;
    const value = task && resolveValue(object.value, task.data);
    return typeof value === 'string' ? mediaAddress(value, document.baseURI) : null;
  }

  async signIn(email: string, password: string): Promise<string | null> {
    try {
      const trouble = await this.gate.signIn(email, password, this.state.getState().user);
      if (trouble === null) this.#signedIn();
      return trouble;
    } catch (error) {
      if (error instanceof NoAnswer) return t('The server cannot be reached. Please try again.');
      throw error;
    }
  }

  showInstructions(shows: boolean): void {
    this.#set({ showsInstructions: shows });
  }

  refuse(text: string | null): void {
    const count = (this.state.getState().refusal?.count ?? 0) + 1;
    this.#set({ refusal: text === null ? null : { text, count } });
  }

  say(said: string): void {
    this.#set({ said });
  }

  /** The browser keeps nothing, and the server has not got everything. */
  get wouldLoseWork(): boolean {
    return !this.#store.isLasting && ((this.#outbox?.state.unsent ?? 0) > 0 || this.open?.autosave.isPending === true);
  }

  /** The network is back, or the person wants to know. */
  async tryAgain(): Promise<void> {
    const isWaiting = this.state.getState().scene.kind === 'waiting';
    await this.#outbox?.retryNow();
    if (isWaiting) await this.next();
  }

  /** The page may be gone in a moment. */
  leave(): void {
    this.open?.autosave.flushAtTheEnd();
    const ahead = this.#queue.heldAhead();
    if (ahead !== null) this.#release(ahead);
  }

  /** The person goes back to the tasks: somebody else may have this one. */
  giveBack(): void {
    if (this.open && !this.open.opening.annotation) this.#release(this.open.task.id);
  }

  hide(): void {
    void this.open?.autosave.flush();
    this.open?.leadTime.pause();
  }

  // ---- within

  #set(part: Partial<LabellingState>): void {
    this.state.setState(part);
  }

  #fail(title: string, message: string): void {
    this.#set({ scene: { kind: 'failed', title, message } });
  }

  async #openOutbox(user: WireUser): Promise<void> {
    this.#set({ user });
    if (this.#outbox) return;
    this.#store = await openWorkStore(placeName('work')).catch(() => new MemoryWorkStore());
    this.#outbox = new Outbox({
      userId: user.id,
      store: this.#store,
      send: asPerson(user.id, send, () => document.cookie),
      lock: webLock,
      channel: tabChannel(placeName(`outbox-${user.id}`)),
      now: Date.now,
      random: Math.random,
      newKey: () => crypto.randomUUID(),
    });
    this.#outbox.subscribe(() => this.#followOutbox());
    this.#tabs = new OpenTabs(placeName(`open-${user.id}`), (isElsewhere) => this.#set({ isElsewhere }));
    await this.#outbox.recover();
    void this.#outbox.run();
    void this.#forgetStale(user.id);
  }

  #followOutbox(): void {
    if (this.#outbox?.state.phase === 'signed-out' && !this.state.getState().isSigningIn) void this.gate.ask();
    if (this.#outbox?.state.phase !== 'signed-out' && this.state.getState().isSigningIn && this.state.getState().save.kind === 'signed-out') {
      this.gate.passed(); // in another tab
      this.#set({ isSigningIn: false });
    }
    const { scene } = this.state.getState();
    if (scene.kind === 'loading' && scene.what === 'task') this.#showWaiting();
    void this.open?.autosave.refresh();
    this.#tellSaving();
  }

  #tellSaving(): void {
    if (!this.#outbox) return;
    const save = saveState(this.#outbox.state, this.open?.autosave.isPending ?? false, this.#store.isLasting);
    const before = this.state.getState();
    const isSame = save.text === before.save.text && save.tip === before.save.tip;
    this.#set({ save: isSame ? before.save : save, held: this.#outbox.state.held });
  }

  #signedIn(): void {
    this.#set({ isSigningIn: false });
    this.#outbox?.signedIn();
  }

  async #forgetStale(userId: number): Promise<void> {
    const now = Date.now();
    for (const work of await this.#store.works(userId)) {
      if (isStale(work, now)) await this.#store.changeWork(work.key, (old) => (old && isStale(old, now) ? undefined : old));
    }
  }

  #takeProject(project: WireProject): boolean {
    const config = parseConfig(project.label_config);
    const [error] = config.errors;
    this.#set({ project, showsInstructions: project.show_instruction === true && Boolean(project.expert_instruction) });
    document.title = t('Label {title}', { title: project.title });
    if (error) this.#fail(t('The label config has an error'), t('Line {line}: {message} Mend it in the project’s settings.', { line: error.line, message: error.message }));
    this.#config = error ? null : config;
    for (const kind of new Set(config.objects.map((object) => object.kind))) void this.#loadSurface(kind).catch(() => undefined);
    return !error;
  }

  async #go(open: () => Promise<Found>): Promise<void> {
    const before = this.open?.autosave;
    await before?.flush();
    before?.close();
    await this.#open(open);
  }

  async #open(open: () => Promise<Found>): Promise<void> {
    this.#unfollow();
    const found = open();
    const before = this.state.getState().scene;
    // With a task at hand the scene changes in this very frame; a skeleton would only flash.
    const late = setTimeout(() => this.state.getState().scene === before && this.#showWaiting(), 80);
    try {
      await this.#show(await found);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      this.#set({ scene: { kind: 'waiting' } });
    } finally {
      clearTimeout(late);
      this.#tellPlace();
    }
  }

  #showWaiting(): void {
    const isCut = this.#outbox?.state.phase === 'offline' || this.#outbox?.state.phase === 'failing';
    this.#set({ scene: isCut ? { kind: 'waiting' } : { kind: 'loading', what: 'task' } });
  }

  /** A submit from before a crash may still wait here: the queue does not know yet that its task is done. */
  async #notOnItsWay(found: Found): Promise<Found> {
    if (this.address.taskId !== null || found.kind !== 'task') return found;
    const entries = await this.#store.entries(this.state.getState().user!.id);
    if (!entries.some((entry) => entry.taskId === found.task.id && entry.intent !== 'draft' && !entry.held)) return found;
    await this.#outbox?.finished();
    return this.#queue.openNext();
  }

  async #finish(open: OpenTask, intent: 'submit' | 'skip'): Promise<void> {
    this.#finished = open; // a second press means nothing
    this.#unfollow();
    const results = open.editor.results();
    const kept = open.autosave.finish(intent).then(
      () => null,
      (error: unknown) => String(error),
    );
    this.say(intent === 'skip' ? t('Skipped.') : open.opening.annotation ? t('Updated.') : t('Submitted.'));
    if (!this.#queue.ready) await kept;
    await this.#open(() => this.#queue.openNext());
    const trouble = await kept;
    if (trouble === null) return;
    downloadCopy({ taskId: open.task.id, result: results, leadTimeS: open.leadTime.seconds() });
    this.#fail(t('Task {id} could not be kept', { id: open.task.id }), t('This browser refused to store it ({trouble}). A copy was downloaded. Free some disk space, then label it again.', { trouble }));
  }

  async #show(found: Found): Promise<void> {
    if (found.kind === 'late') return; // the person has gone elsewhere meanwhile
    if (found.kind === 'none') return this.#showDone();
    if (found.kind === 'gone') {
      return this.#fail(t('Task {id} is gone', { id: found.taskId }), t('It was deleted, or the address is wrong.'));
    }
    if (found.kind === 'refused') return this.#fail(t('The task cannot be opened'), found.message);
    const ahead = this.#ahead?.taskId === found.task.id ? this.#ahead.prepared : null;
    this.#ahead = null;
    const prepared = await (ahead ?? this.#prepare(found.task));
    this.#display(prepared, found.annotationId);
  }

  #showDone(): void {
    this.#set({ scene: { kind: 'done' } });
    this.#tabs?.opened(null);
    history.replaceState(null, '', addressOfTask(location.href, null));
  }

  async #prepare(task: WireTask): Promise<Prepared> {
    const config = resolveConfig(this.#config!, task.data);
    const key = workKey(this.state.getState().user!.id, task.id);
    const [kept, contents] = await Promise.all([this.#store.work(key), loadContents(config, task, document.baseURI)]);
    return { task, kept, config, contents };
  }

  #display(prepared: Prepared, annotationId: number | null): void {
    const { task, kept, contents, config } = prepared;
    const { project, user } = this.state.getState();
    if (!project || !user) return;
    const opening = chooseOpening(task, project, user, kept, annotationId);
    const editor = this.#editor?.config === config ? this.#editor : new Editor(config);
    this.#editor = editor;
    editor.load(opening.results, opening.predictions, sizesOf(contents), textsOf(contents));
    const leadTime = new LeadTime(opening.leadTimeS, () => performance.now());
    const autosave = this.#autosave(prepared, opening, leadTime);
    this.#unfollow = editor.store.subscribe((diff) => {
      if (!isOfContent(diff)) return;
      autosave.touched();
      if (this.state.getState().obstacle) this.#set({ obstacle: null });
    });
    const changed = changedSince(task, opening, contents, document.baseURI);
    this.#set({ scene: { kind: 'task', open: { task, editor, contents, opening, changed, autosave, leadTime } }, obstacle: null, refusal: null });
    history.replaceState(null, '', addressOfTask(location.href, task.id));
    this.#tabs?.opened(task.id);
    void this.#learnVersions(opening, autosave);
    this.#tellSaving();
  }

  /** The task is drawn: time to look ahead. */
  settleDown(): void {
    this.#queue.prefetch();
  }

  #autosave({ task, kept }: Prepared, opening: Opening, leadTime: LeadTime): Autosave {
    const { editor, outbox } = { editor: this.#editor!, outbox: this.#outbox! };
    const ids = { userId: this.state.getState().user!.id, projectId: this.address.projectId, taskId: task.id, now: Date.now() };
    const server = {
      annotationId: opening.annotation?.id ?? null,
      draftId: opening.draft?.id ?? null,
      leadTimeS: opening.leadTimeS,
    };
    const proposed = editor.suggestions().map((region) => region.id);
    const before = kept?.dismissed ?? [];
    return new Autosave({
      ...ids,
      store: this.#store,
      outbox,
      parentPrediction: opening.parentPrediction,
      work: startWork(kept, server, ids),
      leadTime,
      now: Date.now,
      results: () => editor.results(),
      dismissed: () => [...before, ...proposed.filter((id) => !editor.store.has(id))],
      onChange: () => this.#tellSaving(),
    });
  }

  /** Versions do not come with the task, so ask for them, lest another person's change be written over unseen. */
  async #learnVersions({ annotation, draft, isRestored }: Opening, autosave: Autosave): Promise<void> {
    if (isRestored) return;
    try {
      if (annotation) {
        const { status, etag } = await this.gate.fetch({ method: 'GET', path: `api/annotations/${annotation.id}/` });
        if (status === 200 && etag) await autosave.learn({ annotationEtag: etag });
      }
      if (draft) {
        const { status, etag } = await this.gate.fetch({ method: 'GET', path: `api/drafts/${draft.id}/` });
        if (status === 200 && etag) await autosave.learn({ draftEtag: etag });
      }
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
    }
  }

  #tellPlace(): void {
    const { hasPrevious, isBack, place } = this.#queue;
    const isFinished = this.open?.opening.annotation !== null && this.open !== null;
    this.#set({ place, hasPrevious, hasNext: isBack || isFinished });
  }

  #release(taskId: number): void {
    void send({ method: 'POST', path: `api/tasks/${taskId}/release`, keepalive: true }).catch(() => undefined);
  }
}

/** Not of how it looks only, nor of what a model was asked and answered: hiding and locking are nobody's work. */
function isOfContent(diff: Diff): boolean {
  const isOwn = (one: { readonly exchange?: unknown } | undefined): boolean => one !== undefined && one.exchange === undefined;
  if ([...diff.added, ...diff.removed].some(isOwn) || diff.answers?.some(([, from, to]) => isOwn(from) || isOwn(to))) return true;
  return diff.updated.some(([from, to]) => {
    if (!isOwn(from) && !isOwn(to)) return false;
    return from.shape !== to.shape || from.labels !== to.labels || from.suggested !== to.suggested || from.fromName !== to.fromName;
  });
}

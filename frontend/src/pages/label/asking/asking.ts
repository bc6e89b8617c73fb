/**
 * A model is asked while one draws: what is drawn goes to it, and what it answers becomes suggestions.
 *
 * Promises: nothing waits for it; the newest question counts, and an answer that comes to another task, or to what is no
 * longer there, is dropped; all of it can be done by keys.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { ControlTag } from '../../../editor/model/config/config.ts';
import type { Listener } from '../../../editor/model/editor.ts';
import {
  acceptAnswer, isSmart, keepPrompts, namesPrompts, NOTHING, pendingOf, promptsOf, putAccepted, putAnswer, questionOf, readAnswer, refuseAnswer,
} from '../../../editor/model/exchange.ts';
import { isPrompt } from '../../../editor/model/suggestions.ts';
import type { Diff, ExchangePart, Region } from '../../../editor/model/types.ts';
import { t } from '../../../i18n/words.ts';
import { detailOf, type HttpReply, type Send, TIMEOUT_MS } from '../http.ts';
import type { OpenTask } from '../labelling.ts';
import type { WireModel } from '../wire.ts';

export type Phase =
  | { readonly kind: 'ready' }
  /** since: as performance.now() has it. */
  | { readonly kind: 'asking'; readonly since: number }
  | { readonly kind: 'answered'; readonly unlabelledCount: number; readonly leftOutCount: number }
  | { readonly kind: 'nothing'; readonly leftOutCount: number }
  | { readonly kind: 'failed'; readonly message: string };

export interface AskingState {
  readonly model: WireModel;
  readonly isOn: boolean;
  readonly acceptsByItself: boolean;
  /** The next points say what is not meant. */
  readonly isCounter: boolean;
  readonly phase: Phase;
}

/** What the page gives. */
export interface AskingParts {
  readonly projectId: number;
  readonly models: readonly [WireModel, ...WireModel[]];
  readonly send: Send;
  /** Keeps switches for the next visit; null where the browser keeps nothing. */
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null;
  /** Told to those who hear the page. */
  readonly say: (text: string) => void;
}

/** A prompt that is being moved by keys is asked with when it rests. */
const REST_MS = 300;
const READY: Phase = { kind: 'ready' };
const ACCEPTS = 'treadle.asking.accepts';

interface Question {
  readonly open: OpenTask;
  readonly regions: readonly Region[];
  readonly end: AbortController;
}

export class Asking implements Listener {
  readonly state: StoreApi<AskingState>;
  readonly models: readonly WireModel[];
  readonly #parts: AskingParts;
  #open: OpenTask | null = null;
  #question: Question | null = null;
  #last: readonly Region[] = [];
  #rest: ReturnType<typeof setTimeout> | undefined;
  #isAltHeld = false;
  #unfollow: () => void = () => undefined;

  constructor(parts: AskingParts) {
    this.#parts = parts;
    this.models = parts.models;
    const kept = Number(this.#kept(this.#place));
    this.state = createStore(() => ({
      model: parts.models.find(({ id }) => id === kept) ?? parts.models[0],
      isOn: parts.models.some(({ id }) => id === kept),
      acceptsByItself: this.#kept(ACCEPTS) !== null,
      isCounter: false,
      phase: READY,
    }));
  }

  /** Whether Enter and Esc are for it now. */
  get isPending(): boolean {
    if (!this.#open) return false;
    const { regions, answers } = pendingOf(this.#open.editor);
    return regions.length + answers.length > 0;
  }

  /** The task that is open now; null: none is. */
  follow(open: OpenTask | null): void {
    if (open === this.#open) return;
    this.#leave();
    this.#open = open;
    if (!open) return;
    open.editor.listener = this;
    const off = open.editor.store.subscribe((diff, recording) => recording === 'record' && this.#changed(diff));
    this.#unfollow = () => {
      off();
      if (open.editor.listener === this) open.editor.listener = null;
    };
  }

  toggle(): void {
    const { isOn, model } = this.state.getState();
    if (isOn) this.#stop();
    this.state.setState({ isOn: !isOn, phase: READY, isCounter: false });
    this.#keep(this.#place, isOn ? null : String(model.id));
    this.#parts.say(isOn ? t('Auto-annotate is off.') : t('Auto-annotate is on: {title} is asked with what you draw.', { title: model.title }));
  }

  choose(id: number): void {
    const model = this.models.find((each) => each.id === id);
    if (!model) return;
    this.cancel();
    this.state.setState({ model });
    this.#keep(this.#place, String(id));
  }

  setAcceptsByItself(acceptsByItself: boolean): void {
    this.state.setState({ acceptsByItself });
    this.#keep(ACCEPTS, acceptsByItself ? '1' : null);
    if (acceptsByItself) this.accept();
  }

  setCounter(isCounter: boolean): void {
    this.state.setState({ isCounter });
  }

  /** Takes the answer, or what of it is selected. False when there was nothing to take. */
  accept(): boolean {
    return this.#open !== null && acceptAnswer(this.#open.editor);
  }

  /** Calls the question off, else puts the answer away, else what was drawn to ask with. False when there was nothing. */
  refuse(): boolean {
    if (!this.#open || !this.state.getState().isOn) return false;
    const wasAsking = this.cancel();
    const wasThere = (!wasAsking || !this.isPending) && refuseAnswer(this.#open.editor);
    const wasTold = this.state.getState().phase.kind === 'failed' || this.state.getState().phase.kind === 'nothing';
    this.state.setState({ phase: READY });
    return wasAsking || wasThere || wasTold;
  }

  /** What was drawn to ask with becomes regions of the annotation. */
  keepDrawn(): void {
    this.cancel();
    if (this.#open) keepPrompts(this.#open.editor);
    this.state.setState({ phase: READY });
  }

  /** Waits for the answer no longer. False when none was waited for. */
  cancel(): boolean {
    clearTimeout(this.#rest);
    const question = this.#question;
    this.#question = null;
    question?.end.abort();
    if (question) this.state.setState({ phase: READY });
    return question !== null;
  }

  /** Asks once more, with the same. */
  again(): void {
    const there = this.#last.flatMap(({ id }) => this.#open?.editor.store.get(id) ?? []);
    if (there.length > 0) void this.#ask(there);
  }

  /** A press with Alt says what is not meant, as the switch does. */
  noteAlt(isHeld: boolean): void {
    this.#isAltHeld = isHeld;
  }

  // ---- from the editor

  promptOf(control: ControlTag): Exclude<ExchangePart, 'answer'> | undefined {
    const { isOn, isCounter } = this.state.getState();
    if (!isOn || !isSmart(control.attributes)) return undefined;
    return control.makes === 'keypoint' && (isCounter || this.#isAltHeld) ? 'counter-prompt' : 'prompt';
  }

  drawn(region: Region): void {
    if (!this.state.getState().isOn || !this.#open) return;
    if (isPrompt(region)) void this.#ask(this.#promptsOn(region.toName));
    else if (!namesPrompts(this.#open.editor.config)) void this.#ask([region]);
  }

  // ---- within

  get #place(): string {
    return `treadle.asking.${this.#parts.projectId}`;
  }

  #promptsOn(objectName: string): Region[] {
    return this.#open ? promptsOf(this.#open.editor).filter(({ toName }) => toName === objectName) : [];
  }

  #leave(): void {
    this.cancel();
    this.#unfollow();
    this.#unfollow = () => undefined;
    this.#last = [];
    this.state.setState({ phase: READY });
  }

  #stop(): void {
    this.cancel();
    if (!this.#open) return;
    this.#open.editor.selection.clear();
    refuseAnswer(this.#open.editor);
  }

  /** A prompt was moved, named otherwise or taken away: the others, as they are now, are asked with. */
  #changed(diff: Diff): void {
    const moved = diff.updated.find(([from, to]) => isPrompt(to) && (from.shape !== to.shape || from.labels !== to.labels || from.exchange !== to.exchange));
    const changed = moved?.[1] ?? diff.removed.find(isPrompt);
    if (!changed || !this.state.getState().isOn) return;
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => {
      const prompts = this.#promptsOn(changed.toName);
      if (prompts.length > 0) void this.#ask(prompts);
    }, REST_MS);
  }

  async #ask(regions: readonly Region[]): Promise<void> {
    const open = this.#open;
    if (!open) return;
    this.cancel();
    const question = { open, regions, end: new AbortController() };
    this.#question = question;
    this.#last = regions;
    const { model } = this.state.getState();
    this.state.setState({ phase: { kind: 'asking', since: performance.now() } });
    const request = {
      method: 'POST',
      path: `api/ml/${model.id}/interactive-annotating/`,
      body: { task: open.task.id, context: { result: questionOf(open.editor, regions) } },
      signal: question.end.signal,
      timeoutMs: model.timeout * 1000 + TIMEOUT_MS,
    } as const;
    const reply = await this.#parts.send(request).catch(() => null);
    if (this.#question !== question) return;
    this.#question = null;
    this.state.setState({ phase: this.#answered(question, reply) });
  }

  #answered({ open: { editor }, regions }: Question, reply: HttpReply | null): Phase {
    const told = answerIn(reply);
    if ('message' in told) {
      this.#parts.say(told.message);
      return { kind: 'failed', message: told.message };
    }
    if (!regions.some(({ id }) => editor.store.has(id))) return READY;
    const replaced = regions.some(isPrompt) ? pendingOf(editor) : NOTHING;
    const answer = readAnswer(editor, told.data, replaced);
    const { leftOutCount, unlabelledCount } = answer;
    const count = answer.regions.length + answer.answers.length;
    if (count + replaced.regions.length + replaced.answers.length > 0) (this.state.getState().acceptsByItself ? putAccepted : putAnswer)(editor, answer, replaced);
    const name = this.state.getState().model.title;
    this.#parts.say(count === 0 ? t('{name} found nothing.', { name }) : t('{count} from {name}.', { count, name }));
    return count === 0 ? { kind: 'nothing', leftOutCount } : { kind: 'answered', unlabelledCount, leftOutCount };
  }

  #kept(name: string): string | null {
    try {
      return this.#parts.storage?.getItem(name) ?? null;
    } catch {
      return null;
    }
  }

  #keep(name: string, value: string | null): void {
    try {
      if (value === null) this.#parts.storage?.removeItem(name);
      else this.#parts.storage?.setItem(name, value);
    } catch {
      // the switch holds for this visit
    }
  }
}

/** What the server made of it: Label Studio's form tells of trouble with status 200. */
function answerIn(reply: HttpReply | null): { readonly data: unknown } | { readonly message: string } {
  if (!reply) return { message: t('The server cannot be reached. What you drew is still there.') };
  const body = reply.body as { data?: unknown; errors?: readonly unknown[]; detail?: unknown } | null;
  if (reply.status === 200 && body && 'data' in body) return { data: body.data };
  const [said] = body?.errors ?? [];
  return { message: typeof said === 'string' ? said : detailOf(reply) };
}

import { moveShape, rotateShape, shapeBounds, validateShape } from '../tags/registry';
import { type ControlTag, type EditorConfig, findControl, findLabel } from './config/config';
import { hasConditions, hiddenControls } from './config/visibility';
import { clampMove, moveInside, unionOf } from './geometry';
import { newRegionId } from './ids';
import { readResults } from './results/deserialize';
import { isEqual } from './results/equal';
import { ResultWriter } from './results/serialize';
import { History } from './store/history';
import { type Loaded, RecordStore, type Unsubscribe } from './store/record-store';
import { Selection } from './store/selection';
import { accepted, acceptedAnswer, isPrompt, touched, withSuggestions } from './suggestions';
import { firstUnnamed, isUnnamed } from './unnamed';
import type {
  Answer,
  AnswerChange,
  Box,
  ExchangePart,
  LsResult,
  PictureSize,
  PictureSizes,
  Prediction,
  Region,
  RegionChange,
  RegionId,
  Shape,
  ShapeKind,
  Texts,
  ToolName,
} from './types';

export interface ActiveLabel {
  readonly fromName: string;
  readonly value: string;
}

/** Who is told what a person draws, and may take it for a question to a model instead of a region to be kept. */
export interface Listener {
  promptOf(control: ControlTag): Exclude<ExchangePart, 'answer'> | undefined;
  drawn(region: Region): void;
}

/** What the next press makes: a tool, and the labels that a new region gets. A new object after every change. */
export interface LabelState {
  readonly active: readonly ActiveLabel[];
  readonly tool: ToolName;
}

/**
 * One open task: its regions and answers, what is selected, and every act that a person can do to them.
 * Each act is one step of the history. Surfaces, lists and keys call these and follow the store; none keeps a copy.
 */
export class Editor {
  readonly config: EditorConfig;
  readonly store = new RecordStore();
  readonly history = new History(this.store);
  readonly selection = new Selection(this.store);
  listener: Listener | null = null;

  #labelState: LabelState;
  #sizes: PictureSizes = new Map();
  #texts: Texts = new Map();
  #writer: ResultWriter;
  #hidden: ReadonlySet<string> = new Set();
  readonly #hasConditions: boolean;
  /** The label taken up last, by control. */
  readonly #lastLabel = new Map<string, string>();
  readonly #listeners = new Set<() => void>();

  constructor(config: EditorConfig) {
    this.config = config;
    this.#hasConditions = hasConditions(config.tree);
    this.#labelState = { tool: 'select', active: preselectedLabels(config) };
    this.#writer = new ResultWriter(config, this.#sizes, this.#texts);
    this.store.subscribe(() => this.#tell());
    this.selection.subscribe(() => this.#tell());
    this.history.subscribe(() => this.#tell());
  }

  get labelState(): LabelState {
    return this.#labelState;
  }

  get tool(): ToolName {
    return this.#labelState.tool;
  }

  /** Calls `listener` after any change: regions, answers, selection, history, labels, tool. */
  subscribe(listener: () => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // ---- opening and saving

  /** Replaces all there is by an annotation and what models propose for it. The tool and the labels stay. */
  load(results: readonly LsResult[], predictions: readonly Prediction[], sizes: PictureSizes, texts: Texts): void {
    this.#sizes = sizes;
    this.#texts = texts;
    this.#writer = new ResultWriter(this.config, sizes, texts);
    const loaded = withSuggestions(readResults(results, this.config, sizes, texts), predictions, this.config, sizes, texts);
    this.store.load(results.length === 0 ? withPreselected(loaded, this.config) : loaded);
    this.selection.clear();
    this.selectUnnamed();
    this.history.clear();
  }

  /** What would be saved now. */
  results(): LsResult[] {
    return this.#writer.write(this.store);
  }

  /** What results show, without taking them over. */
  read(results: readonly LsResult[]): Loaded {
    return readResults(results, this.config, this.#sizes, this.#texts);
  }

  /** The results of regions, also of those that would not be saved. */
  resultsOf(regions: readonly Region[]): LsResult[] {
    return this.#writer.writeRegions(regions);
  }

  pictureSize(objectName: string): PictureSize | undefined {
    return this.#sizes.get(objectName);
  }

  text(objectName: string): string | undefined {
    return this.#texts.get(objectName);
  }

  // ---- labels and tools

  /** Takes up a tool; one that makes shapes also takes up a label of its control, if none fits yet. */
  setTool(tool: ToolName): void {
    const controls = this.config.controls.filter((control) => control.makes === tool);
    const [first] = controls;
    if (first === undefined || this.#activeControl(controls) !== undefined) return this.#setLabelState({ tool });
    const value = this.#lastLabel.get(first.name) ?? first.labels[0]?.value;
    const active = value === undefined ? [] : [{ fromName: first.name, value }];
    this.#setLabelState({ tool, active });
  }

  /** Takes up a label and the tool of its control, or with null lets all labels of the control go. */
  setActiveLabel(controlName: string, value: string | null): void {
    const control = findControl(this.config, controlName);
    if (control === undefined || control.makes === 'answer') return;
    if (value === null) {
      const active = this.#labelState.active.filter((label) => label.fromName !== controlName);
      return this.#setLabelState({ active });
    }
    this.#lastLabel.set(controlName, value);
    // Told also when it is in hand already: selected text waits for a label to be taken up, not for another one.
    this.#labelState = { tool: control.makes, active: [{ fromName: controlName, value }] };
    this.#tell();
  }

  /** Adds a label to those taken up, or lets it go, where the control allows several. */
  toggleActiveLabel(controlName: string, value: string): void {
    const control = findControl(this.config, controlName);
    const active = this.#labelState.active.filter((label) => label.fromName === controlName);
    if (control?.multiple !== true || active.length === 0) return this.setActiveLabel(controlName, value);
    const rest = active.filter((label) => label.value !== value);
    const next = rest.length < active.length ? rest : [...active, { fromName: controlName, value }];
    this.#setLabelState({ active: next });
  }

  /**
   * What a label key, or a press on a label or choice, does: answers the question; or gives the label to the selected
   * regions that can carry it; or takes the label and its tool up. Where several labels are allowed, it adds or removes.
   * What a model found without a name gets it so, and the next such region is selected.
   */
  chooseLabel(controlName: string, value: string): void {
    const control = findControl(this.config, controlName);
    if (control?.makes === 'answer') return void this.toggleAnswer(controlName, value);
    const fitting = [...this.selection.ids()].filter((id) => this.#canCarry(id, control));
    if (fitting.length === 0) return this.toggleActiveLabel(controlName, value);
    const names = fitting.some((id) => isUnnamed(this.config, this.store.get(id)!));
    if (control?.multiple) this.toggleLabel(fitting, value, controlName);
    else this.relabel(fitting, value, controlName);
    if (names) this.selectUnnamed();
  }

  /** Selects the first region that a model found and could not name, if there is one. */
  selectUnnamed(): void {
    const region = firstUnnamed(this.config, this.store);
    if (region) this.selection.set([region.id]);
  }

  // ---- regions

  /** Makes a region with the label taken up for this kind of shape. Null when no label fits or the shape is none. */
  addRegion(shape: Shape, objectName: string): Region | null {
    const control = this.#controlFor(shape.kind, objectName);
    if (control === undefined || validateShape(shape) !== null) return null;
    const labels = this.#labelsFor(control);
    if (labels.length === 0 && control.attributes.allowEmpty !== true) return null;
    const prompt = this.listener?.promptOf(control);
    const region: Region = {
      id: newRegionId(),
      fromName: control.name,
      toName: control.toName,
      shape,
      labels,
      origin: 'manual',
      suggested: prompt !== undefined,
      ...(prompt && { exchange: prompt }),
    };
    this.history.mark('add region');
    this.store.apply({ added: [region], removed: [], updated: [] });
    this.listener?.drawn(region);
    return region;
  }

  /** Gives regions one label. A region of another control changes to one that makes the same shape and has the label. */
  relabel(ids: Iterable<RegionId>, value: string, controlName?: string): boolean {
    return this.#edit('relabel', ids, (region) => {
      const control = this.#controlWith(region, value, controlName);
      if (control === undefined) return region;
      return this.#withLabels(region, control, [value]);
    });
  }

  /** Adds a label to regions, or takes it away, where their control allows several; else as `relabel`. */
  toggleLabel(ids: Iterable<RegionId>, value: string, controlName?: string): boolean {
    return this.#edit('relabel', ids, (region) => {
      const control = this.#controlWith(region, value, controlName);
      if (control === undefined) return region;
      if (!control.multiple || control.name !== region.fromName) return this.#withLabels(region, control, [value]);
      const rest = region.labels.filter((label) => label !== value);
      const labels = rest.length < region.labels.length ? rest : [...region.labels, value];
      return labels.length === 0 ? region : this.#withLabels(region, control, labels);
    });
  }

  /** Sets shapes without beginning a step: a drag marks once, then calls this for every frame. */
  reshape(shapes: Iterable<readonly [RegionId, Shape]>): void {
    const updated: RegionChange[] = [];
    for (const [id, shape] of shapes) {
      const region = this.store.get(id);
      if (region && !region.locked && region.shape !== shape) updated.push([region, touched(region, { shape })]);
    }
    if (updated.length > 0) this.store.apply({ added: [], removed: [], updated });
  }

  remove(ids: Iterable<RegionId>): boolean {
    const removed = this.#editable(ids);
    if (removed.length === 0) return false;
    this.history.mark(removed.length === 1 ? 'delete region' : `delete ${removed.length} regions`);
    this.store.apply({ added: [], removed, updated: [] });
    return true;
  }

  /** Moves the selected regions together, as far as the picture goes. Spans stay. */
  nudge(dx: number, dy: number): boolean {
    const boxes = new Map<string, Box>();
    for (const region of this.#editable(this.selection.ids())) {
      const box = boxes.get(region.toName);
      const own = shapeBounds(region.shape);
      boxes.set(region.toName, box === undefined ? own : unionOf([box, own]));
    }
    return this.#edit('nudge', this.selection.ids(), (region) => {
      const size = this.#sizes.get(region.toName);
      const by = size === undefined ? [dx, dy] as const : clampMove(boxes.get(region.toName)!, dx, dy, size);
      return this.#withShape(region, moveShape(region.shape, ...by));
    });
  }

  /** Turns regions clockwise about their middles and keeps them inside the picture. */
  rotate(ids: Iterable<RegionId>, degrees: number): boolean {
    return this.#edit('rotate', ids, (region) => {
      const turned = rotateShape(region.shape, degrees);
      const size = this.#sizes.get(region.toName);
      if (turned === region.shape || size === undefined) return this.#withShape(region, turned);
      return this.#withShape(region, moveShape(turned, ...moveInside(shapeBounds(turned), size)));
    });
  }

  /** Puts copies of regions beside them and selects the copies. */
  duplicate(ids: Iterable<RegionId>, offsetPx = 10): readonly Region[] {
    const copies = [...ids].flatMap((id) => this.#copyOf(id, offsetPx) ?? []);
    if (copies.length === 0) return copies;
    this.history.mark('duplicate');
    this.store.apply({ added: copies, removed: [], updated: [] });
    this.selection.set(copies.map((region) => region.id));
    return copies;
  }

  /** Hiding and locking are of this view only: never saved, no step of the history. */
  setHidden(ids: Iterable<RegionId>, hidden: boolean): void {
    this.#setSeen(ids, (region) => (region.hidden === hidden ? region : { ...region, hidden }));
  }

  setLocked(ids: Iterable<RegionId>, locked: boolean): void {
    this.#setSeen(ids, (region) => (region.locked === locked ? region : { ...region, locked }));
  }

  // ---- suggestions

  suggestions(): readonly Region[] {
    return this.store.all().filter((region) => region.suggested && !isPrompt(region));
  }

  accept(ids: Iterable<RegionId>): boolean {
    return this.#edit('accept', ids, accepted);
  }

  /** Accepts every suggested region that has its label, and every answer, in one step. */
  acceptAll(): boolean {
    const named = this.suggestions().filter((region) => !isUnnamed(this.config, region));
    const updated = named.map((region): RegionChange => [region, accepted(region)]);
    const answers = this.#suggestedAnswers().map((answer): AnswerChange => [answer.fromName, answer, acceptedAnswer(answer)]);
    if (updated.length + answers.length === 0) return false;
    this.history.mark('accept all suggestions');
    this.store.apply({ added: [], removed: [], updated, answers });
    return true;
  }

  /** Takes all suggestions away; undo brings them back. */
  dismissSuggestions(): boolean {
    const removed = this.suggestions();
    const answers = this.#suggestedAnswers().map((answer): AnswerChange => [answer.fromName, answer, undefined]);
    if (removed.length + answers.length === 0) return false;
    this.history.mark('dismiss suggestions');
    this.store.apply({ added: [], removed, updated: [], answers });
    return true;
  }

  // ---- answers

  answer(fromName: string): readonly string[] {
    return this.store.answers().get(fromName)?.values ?? [];
  }

  /**
   * Names of the controls that a condition of the config (`visibleWhen`) hides now; they are not asked for either.
   * The same set until it changes.
   */
  hiddenControls(): ReadonlySet<string> {
    if (!this.#hasConditions) return this.#hidden;
    const selected = [...this.selection.ids()].map((id) => this.store.get(id)).filter((region) => region !== undefined);
    const hidden = hiddenControls(this.config, { answers: this.store.answers(), selected });
    if (!isEqual([...hidden], [...this.#hidden])) this.#hidden = hidden;
    return this.#hidden;
  }

  /** Answers a question about the whole task; no values take the answer away. */
  setAnswer(fromName: string, values: readonly string[]): boolean {
    const control = findControl(this.config, fromName);
    if (control?.makes !== 'answer') return false;
    const before = this.store.answers().get(fromName);
    const after = values.length === 0 ? undefined : nextAnswer(control, values, before);
    if (before === after) return false;
    this.history.mark('answer');
    this.store.apply({ added: [], removed: [], updated: [], answers: [[fromName, before, after]] });
    return true;
  }

  /** What a press on a choice, or its key, does: ticks it, or takes the tick away. */
  toggleAnswer(fromName: string, value: string): boolean {
    const control = findControl(this.config, fromName);
    const values = this.answer(fromName);
    const isSuggested = this.store.answers().get(fromName)?.suggested === true;
    if (isSuggested && values.includes(value)) return this.setAnswer(fromName, values);
    if (values.includes(value) && control?.attributes.choice === 'single-radio') return false;
    if (values.includes(value)) return this.setAnswer(fromName, values.filter((item) => item !== value));
    return this.setAnswer(fromName, control?.multiple ? [...values, value] : [value]);
  }

  // ---- within

  #edit(name: string, ids: Iterable<RegionId>, change: (region: Region) => Region): boolean {
    const updated: RegionChange[] = [];
    for (const region of this.#editable(ids)) {
      const to = change(region);
      if (to !== region) updated.push([region, to]);
    }
    if (updated.length === 0) return false;
    this.history.mark(name);
    this.store.apply({ added: [], removed: [], updated });
    return true;
  }

  #editable(ids: Iterable<RegionId>): Region[] {
    return [...ids].map((id) => this.store.get(id)).filter((region) => region !== undefined && !region.locked) as Region[];
  }

  #withShape(region: Region, shape: Shape): Region {
    return shape === region.shape ? region : touched(region, { shape });
  }

  #withLabels(region: Region, control: ControlTag, labels: readonly string[]): Region {
    if (control.name === region.fromName && isEqual(labels, region.labels)) return accepted(region);
    return touched(region, { fromName: control.name, labels });
  }

  #copyOf(id: RegionId, offsetPx: number): Region | null {
    const region = this.store.get(id);
    if (region === undefined || region.shape.kind === 'span') return null;
    const size = this.#sizes.get(region.toName);
    const box = shapeBounds(region.shape);
    const by = size === undefined ? ([offsetPx, offsetPx] as const) : clampMove(box, offsetPx, offsetPx, size);
    const { fromName, toName, labels } = region;
    const shape = moveShape(region.shape, ...by);
    return { id: newRegionId(), fromName, toName, labels, shape, origin: 'manual', suggested: false };
  }

  #setSeen(ids: Iterable<RegionId>, change: (region: Region) => Region): void {
    const regions = [...ids].map((id) => this.store.get(id)).filter((region) => region !== undefined);
    const updated = regions.map((region): RegionChange => [region, change(region)]);
    this.store.apply({ added: [], removed: [], updated }, { history: 'ignore' });
  }

  #suggestedAnswers(): Answer[] {
    return [...this.store.answers().values()].filter((answer) => answer.suggested);
  }

  #activeControl(controls: readonly ControlTag[]): ControlTag | undefined {
    return controls.find((control) => this.#labelState.active.some((label) => label.fromName === control.name));
  }

  #controlFor(kind: ShapeKind, objectName: string): ControlTag | undefined {
    const fitting = this.config.controls.filter((control) => control.makes === kind && control.toName === objectName);
    return this.#activeControl(fitting) ?? fitting[0];
  }

  #labelsFor(control: ControlTag): readonly string[] {
    const active = this.#labelState.active.filter((label) => label.fromName === control.name);
    if (active.length > 0) return active.map((label) => label.value);
    const value = this.#lastLabel.get(control.name) ?? (control.labels.length === 1 ? control.labels[0]!.value : undefined);
    return value === undefined ? [] : [value];
  }

  #controlWith(region: Region, value: string, controlName?: string): ControlTag | undefined {
    const fitting = this.config.controls.filter((control) => isSameKind(control, region) && findLabel(control, value));
    const preferred = controlName ?? region.fromName;
    return fitting.find((control) => control.name === preferred) ?? fitting[0];
  }

  #canCarry(id: RegionId, control: ControlTag | undefined): boolean {
    const region = this.store.get(id);
    return region !== undefined && control !== undefined && !region.locked && isSameKind(control, region);
  }

  #setLabelState(change: Partial<LabelState>): void {
    const next = { ...this.#labelState, ...change };
    if (isEqual(next, this.#labelState)) return;
    this.#labelState = next;
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Labels that the config takes up from the start. */
function preselectedLabels(config: EditorConfig): ActiveLabel[] {
  const control = config.controls.find(({ makes, labels }) => makes !== 'answer' && labels.some((label) => label.selected));
  const label = control?.labels.find(({ selected }) => selected);
  return control === undefined || label === undefined ? [] : [{ fromName: control.name, value: label.value }];
}

/** Choices that the config ticks on a task nobody has answered yet. */
function withPreselected(loaded: Loaded, config: EditorConfig): Loaded {
  const answered = new Set(loaded.answers.map((answer) => answer.fromName));
  const open = config.controls.filter(({ makes, name }) => makes === 'answer' && !answered.has(name));
  const answers = open.flatMap((control): Answer[] => {
    const values = control.labels.filter(({ selected }) => selected).map(({ value }) => value);
    return values.length === 0 ? [] : [nextAnswer(control, control.multiple ? values : values.slice(0, 1), undefined)];
  });
  return { ...loaded, answers: [...loaded.answers, ...answers] };
}

function isSameKind(control: ControlTag, region: Region): boolean {
  return control.makes === region.shape.kind && control.toName === region.toName;
}

function nextAnswer(control: ControlTag, values: readonly string[], before: Answer | undefined): Answer {
  if (before === undefined) {
    return { fromName: control.name, toName: control.toName, values, id: newRegionId(), origin: 'manual' };
  }
  const isSame = isEqual(values, before.values);
  if (isSame) return acceptedAnswer(before);
  const origin = (before.origin ?? 'manual') === 'manual' ? 'manual' : 'prediction-changed';
  return { ...before, values, origin, suggested: false };
}

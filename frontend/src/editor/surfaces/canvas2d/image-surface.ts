import { t } from '../../../i18n/words';
import { findControl } from '../../model/config/config';
import type { Editor } from '../../model/editor';
import type { Box, Diff, PictureSize, Region, RegionId, Shape, ShapeKind, ToolName } from '../../model/types';
import { shapeBounds } from '../../tags/registry';
import { activeScene, reachOf } from './active-scene';
import type { Camera, Place } from './camera';
import { CameraControl } from './camera-control';
import { onWholePixels } from './clamp';
import { describeRegion } from './describe';
import { dropShape, settle } from './keyboard-shapes';
import { Palette } from '../palette';
import type { LoadedPicture } from './picture';
import { type InputTarget, PictureInput } from './picture-input';
import { PictureKeys } from './picture-keys';
import { RegionView } from './region-view';
import { Screen, type ScreenChange, type ScreenSource } from './screen';
import { BoxTool } from './tools/box-tool';
import { HandTool } from './tools/hand-tool';
import { dotWidth, PointTool } from './tools/point-tool';
import { PolygonTool } from './tools/polygon-tool';
import { SelectTool } from './tools/select-tool';
import type { Draft, Stage, Tool } from './tools/tool';
import '../unseen.css';
import './surface.css';

export interface ImageSurfaceOptions {
  /** Name of the Image tag. */
  readonly objectName: string;
  readonly url: string;
  /** Of the Image tag; `smoothing` false shows single pixels. */
  readonly attributes: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Told in words why something that was asked for did not happen ("A polygon needs at least three points."). */
  readonly onRefuse?: (message: string) => void;
}

export interface PictureRect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const HELP =
  t('Tab goes through the regions; Escape and then Tab leaves. Arrow keys move the selected region, Alt and arrow keys resize it. With a drawing tool Enter puts a shape in the middle. Comma and full stop pick a corner of a polygon.');

let surfaces = 0;

/**
 * A picture with its regions, to look at and to draw on. Follows the editor; holds nothing that the editor holds.
 * Positions on the wire of this class: client = CSS px of the page's view, picture = picture pixels.
 */
export class ImageSurface implements Stage {
  readonly editor: Editor;
  readonly objectName: string;
  readonly size: PictureSize;
  /** What takes the focus and the pointer. */
  readonly element = document.createElement('div');

  readonly #options: ImageSurfaceOptions;
  readonly #host: HTMLElement;
  readonly #screen: Screen;
  readonly #status = document.createElement('span');
  readonly #regions: RegionView;
  readonly #camera: CameraControl;
  readonly #input: PictureInput;
  readonly #keys: PictureKeys;
  readonly #tools: Readonly<Record<Exclude<ToolName, 'span'>, Tool>>;
  readonly #listeners = new Set<() => void>();
  readonly #gone = new AbortController();

  #palette: Palette;
  #tool: Tool;
  #toolName: ToolName;
  #draft: Draft | null = null;
  #pickedVertex: number | null = null;
  /** The picture got the focus by key and no pointer has pressed since: Enter may drop shapes. */
  #isKeyboardUsed = false;
  #isByHand = false;
  #wasDrawing = false;

  constructor(host: HTMLElement, editor: Editor, picture: LoadedPicture, options: ImageSurfaceOptions) {
    this.#host = host;
    this.#options = options;
    this.editor = editor;
    this.objectName = options.objectName;
    this.size = picture.size;
    this.#build();
    this.#palette = new Palette(editor.config, this.element);
    this.#regions = new RegionView(editor, this.objectName);
    this.#camera = new CameraControl(this.size, () => this.#cameraChanged());
    this.#screen = new Screen(this.element, picture.element, this.#camera, this.#screenSource());
    this.#tools = {
      select: new SelectTool(this),
      hand: new HandTool(this),
      rectangle: new BoxTool(this, 'rectangle'),
      polygon: new PolygonTool(this),
      ellipse: new BoxTool(this, 'ellipse'),
      keypoint: new PointTool(this),
    };
    this.#toolName = editor.tool;
    this.#tool = this.#toolOf(editor.tool);
    this.#keys = new PictureKeys(this.#keyTarget());
    this.#input = new PictureInput(this.#inputTarget(), this.#gone.signal);
    this.#listen();
    this.#measure();
    this.#screen.paint(performance.now());
  }

  // ---- the face

  fit(): void {
    this.#camera.fit({ animate: true });
  }

  /** Zooms about a client position, else about the middle of the view. */
  zoomBy(factor: number, clientX?: number, clientY?: number): void {
    const { width, height } = this.#camera.view;
    const isAtPointer = clientX !== undefined && clientY !== undefined;
    this.#camera.zoomBy(factor, isAtPointer ? this.#input.place({ clientX, clientY }) : { x: width / 2, y: height / 2 });
  }

  /** CSS px for 100 picture pixels. */
  zoomPercent(): number {
    return this.#camera.camera.scale * 100;
  }

  /** Calls `listener` when the camera moved, and when drawing began or ended. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Where the whole picture lies, client px; most of it may be outside the view. */
  pictureRect(): PictureRect {
    const { x, y } = this.toClient(0, 0);
    const { scale } = this.#camera.camera;
    return { x, y, width: this.size.width * scale, height: this.size.height * scale };
  }

  toClient(x: number, y: number): Place {
    const rect = this.element.getBoundingClientRect();
    const place = this.#camera.viewAt(x, y);
    return { x: place.x + rect.left, y: place.y + rect.top };
  }

  /** Not clamped: outside the picture it is below 0 or above its size. */
  toPicture(clientX: number, clientY: number): Place {
    return this.#camera.pictureAt(this.#input.place({ clientX, clientY }));
  }

  /** Brings a region into view, if it is not seen whole. */
  focusRegion(id: RegionId): void {
    const region = this.#regions.get(id);
    if (region !== null) this.#camera.show(shapeBounds(region.shape));
  }

  /** Puts the keyboard's focus on the picture. */
  focus(): void {
    this.element.focus({ preventScroll: true });
  }

  /** Calls off what is being drawn or dragged. False when there was nothing. */
  cancel(): boolean {
    const wasBusy = this.#tool.cancel();
    this.#tellDrawing();
    return wasBusy;
  }

  /** Closes an open polygon, or says why it cannot. False when none is open: Enter is then free for other things. */
  commit(): boolean {
    const wasOpen = this.#tool.commit();
    this.#tellDrawing();
    return wasOpen;
  }

  isDrawing(): boolean {
    return this.#tool.isBusy();
  }

  /** Takes everything away; the host is as it was. */
  destroy(): void {
    this.#gone.abort();
    this.#tool.cancel();
    this.#screen.destroy();
    this.editor.selection.setHovered(null);
    this.#listeners.clear();
    this.element.remove();
  }

  // ---- what tools see

  scale(): number {
    return this.#camera.camera.scale;
  }

  regionsAt(x: number, y: number, tolerance: number): Region[] {
    return this.#regions.at(x, y, tolerance);
  }

  regionsWithin(box: Box): Region[] {
    return this.#regions.within(box);
  }

  reachOf(region: Region, isTouch: boolean): ReturnType<Stage['reachOf']> {
    return reachOf(region, { editor: this.editor, scale: this.scale() }, isTouch);
  }

  get pickedVertex(): number | null {
    return this.#pickedVertex;
  }

  set pickedVertex(index: number | null) {
    this.#pickedVertex = index;
    this.#request({ active: true });
  }

  /** Shapes that are moved or reshaped leave the idle layer for as long as the draft lasts. */
  setDraft(draft: Draft | null): void {
    const before = liftedIds(this.#draft);
    this.#draft = draft;
    const now = liftedIds(draft);
    if (!sameIds(before, now)) for (const id of new Set([...before, ...now])) this.#repaintRegion(id);
    this.#request({ active: true });
    this.#tellDrawing();
  }

  setMarquee(box: Box | null): void {
    this.#screen.setMarquee(box);
  }

  panBy(dx: number, dy: number): void {
    this.#camera.panBy(dx, dy);
  }

  snaps(fromName: string): boolean {
    return findControl(this.editor.config, fromName)?.attributes.snap === 'pixel';
  }

  add(shape: Shape): Region | null {
    const [label] = this.editor.labelState.active;
    const placed = label !== undefined && this.snaps(label.fromName) ? onWholePixels(shape) : shape;
    const region = this.editor.addRegion(settle(placed, this.size), this.objectName);
    if (region === null) this.refuse(t('Pick a label first: there is none for this shape.'));
    return region;
  }

  refuse(message: string): void {
    this.#status.textContent = message;
    this.#options.onRefuse?.(message);
  }

  // ---- making and following

  #build(): void {
    const { element } = this;
    surfaces += 1;
    const helpId = `image-surface-help-${surfaces}`;
    element.className = 'image-surface';
    element.tabIndex = 0;
    element.setAttribute('role', 'application');
    element.setAttribute('aria-label', t('Picture {name}, {width} by {height} pixels', { name: this.objectName, width: this.size.width, height: this.size.height }));
    element.setAttribute('aria-describedby', helpId);
    const help = document.createElement('span');
    help.id = helpId;
    help.hidden = true;
    help.textContent = HELP;
    this.#status.className = 'surface-unseen';
    this.#status.setAttribute('role', 'status');
    element.append(help, this.#status);
    this.#host.append(element);
  }

  #listen(): void {
    const { signal } = this.#gone;
    const { element, editor } = this;
    element.addEventListener('keydown', (event) => this.#keydown(event), { signal });
    // Focus that a dialog gives back says nothing: who pressed here last is by hand until they press Tab.
    element.addEventListener('focus', () => this.#useKeyboard(!this.#isByHand), { signal });
    element.addEventListener('pointerdown', () => { this.#isByHand = true; this.#useKeyboard(false); }, { signal });
    addEventListener('keydown', (event) => { if (event.key === 'Tab') this.#isByHand = false; }, { signal, capture: true });
    element.addEventListener('blur', () => this.#keys.blur(), { signal });
    const measured = new ResizeObserver(() => this.#measure());
    measured.observe(element);
    const themed = new MutationObserver(() => this.#themeChanged());
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'class', 'style'] });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#themeChanged(), { signal });
    const off = [
      editor.store.subscribe((diff) => this.#follow(diff)),
      editor.selection.subscribe(() => this.#selectionChanged()),
      editor.subscribe(() => this.#editorChanged()),
      () => measured.disconnect(),
      () => themed.disconnect(),
    ];
    signal.addEventListener('abort', () => off.forEach((stop) => stop()));
  }

  #follow(diff: Diff): void {
    const boxes = this.#regions.follow(diff);
    if (boxes === null) this.#request({ all: true, active: true });
    else if (boxes.length > 0) this.#request({ boxes, active: true });
  }

  #selectionChanged(): void {
    if (this.editor.selection.only() === null) this.#pickedVertex = null;
    this.#request({ active: true });
  }

  #editorChanged(): void {
    const { tool } = this.editor;
    if (tool === this.#toolName) return;
    if (this.#tool.isBusy()) this.#tool.commit(); // an open polygon is kept; undo takes it back
    this.#tool.cancel();
    this.#pickedVertex = null;
    this.#toolName = tool;
    this.#tool = this.#toolOf(tool);
    if (tool !== 'select') this.editor.selection.setHovered(null);
    this.#request({ active: true });
    this.#input.showCursor();
    this.#tellDrawing();
  }

  #toolOf(name: ToolName): Tool {
    return this.#tools[name === 'span' ? 'select' : name];
  }

  #themeChanged(): void {
    this.#palette = new Palette(this.editor.config, this.element);
    this.#request({ all: true, active: true });
  }

  /** The host's padding is the room that stays free around a fitted picture. */
  #measure(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width === 0 || height === 0) return;
    const style = getComputedStyle(this.#host);
    const px = (value: string): number => Number.parseFloat(value) || 0;
    const insets = {
      top: px(style.paddingTop), right: px(style.paddingRight),
      bottom: px(style.paddingBottom), left: px(style.paddingLeft),
    };
    this.#input.forgetPlace();
    this.#camera.resize({ width, height, insets });
    this.#request({ all: true, active: true });
  }

  // ---- keys

  #keydown(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return;
    const isTaken = this.#keys.press(event);
    if (event.key === 'Tab') event.stopPropagation(); // a Tab that is not for the picture leaves it
    if (!isTaken) return;
    event.preventDefault();
    event.stopPropagation();
    this.#request({ active: true });
    this.#tellDrawing();
  }

  #useKeyboard(isUsed: boolean): void {
    this.#isKeyboardUsed = isUsed;
    this.element.classList.toggle('is-key-focused', isUsed);
  }

  #inputTarget(): InputTarget {
    const surface = this;
    return {
      element: this.element,
      camera: this.#camera,
      get tool() {
        return surface.#tool;
      },
      get takesShiftClicks() {
        return surface.#toolName === 'select';
      },
      focus: () => this.focus(),
      left: () => this.editor.selection.setHovered(null),
      acted: () => this.#tellDrawing(),
    };
  }

  #keyTarget(): ConstructorParameters<typeof PictureKeys>[0] {
    const surface = this;
    return {
      editor: this.editor,
      regions: this.#regions,
      size: this.size,
      get tool() {
        return surface.#tool;
      },
      get pickedVertex() {
        return surface.#pickedVertex;
      },
      set pickedVertex(index) {
        surface.pickedVertex = index;
      },
      panBy: (dx, dy) => this.panBy(dx, dy),
      focusRegion: (id) => this.focusRegion(id),
      dropShape: () => this.#dropShape(),
      announce: (region) => this.#announce(region),
      refuse: (message) => this.refuse(message),
    };
  }

  /**
   * Enter with a drawing tool, when the picture was reached by key: a shape in the middle of what is seen, selected
   * and with the select tool in hand, so that arrows work on it and the next Enter is free to submit.
   */
  #dropShape(): boolean {
    const kind = this.#toolName;
    if (!this.#isKeyboardUsed || kind === 'select' || kind === 'hand' || kind === 'span') return false;
    const shape = dropShape(kind satisfies ShapeKind, this.#camera.visible(), dotWidth(this));
    const region = shape === null ? null : this.add(shape);
    if (region === null) return true;
    this.editor.setTool('select');
    this.editor.selection.set([region.id]);
    this.#announce(region);
    return true;
  }

  #announce(region: Region): void {
    const now = this.editor.store.get(region.id) ?? region;
    this.#status.textContent = describeRegion(now, this.#palette.nameOf(now), this.#regions.all());
  }

  // ---- what is shown

  #cameraChanged(): void {
    this.#screen.cameraMoved();
    this.#tell();
  }

  #request(change: ScreenChange): void {
    this.#screen.request(change);
  }

  #repaintRegion(id: RegionId): void {
    const region = this.#regions.get(id);
    if (region !== null) this.#request({ boxes: [shapeBounds(region.shape)] });
  }

  #screenSource(): ScreenSource {
    const { smoothing } = this.#options.attributes;
    return {
      smoothing: typeof smoothing === 'boolean' ? smoothing : undefined,
      idleScene: () => ({
        size: this.size,
        palette: this.#palette,
        regionsIn: (box) => this.#restingIn(box),
      }),
      activeScene: (camera) => this.#activeScene(camera),
      slide: () => this.#slide(),
    };
  }

  #restingIn(box: Box): Region[] {
    const lifted = liftedIds(this.#draft);
    const regions = this.#regions.meeting(box);
    return lifted.size === 0 ? regions : regions.filter(({ id }) => !lifted.has(id));
  }

  #activeScene(camera: Camera): ReturnType<typeof activeScene> {
    return activeScene({
      editor: this.editor,
      regions: this.#regions,
      palette: this.#palette,
      size: this.size,
      scale: camera.scale,
      draft: this.#draft,
      pickedVertex: this.#pickedVertex,
    });
  }

  #slide(): ReturnType<ScreenSource['slide']> {
    const draft = this.#draft;
    if (draft?.kind !== 'moved') return null;
    const selected = this.editor.selection.ids();
    return [...selected].every((id) => draft.ids.has(id)) ? draft : null;
  }

  #tellDrawing(): void {
    const isDrawing = this.#tool.isBusy();
    if (isDrawing === this.#wasDrawing) return;
    this.#wasDrawing = isDrawing;
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

const NONE: ReadonlySet<RegionId> = new Set();

function liftedIds(draft: Draft | null): ReadonlySet<RegionId> {
  if (draft?.kind === 'moved') return draft.ids;
  return draft?.kind === 'reshaped' ? new Set([draft.id]) : NONE;
}

function sameIds(a: ReadonlySet<RegionId>, b: ReadonlySet<RegionId>): boolean {
  return a === b || (a.size === b.size && [...a].every((id) => b.has(id)));
}

import type { Editor } from '../../model/editor';
import { unionOf } from '../../model/geometry';
import type { Box, Diff, PictureSize, Region, RegionId, Shape, ShapeKind, ToolName } from '../../model/types';
import { shapeBounds } from '../../tags/registry';
import { activeScene, reachOf, type SceneSource } from './active-scene';
import { ActiveLayer } from './active-layer';
import type { Camera, Place, View } from './camera';
import { CameraControl } from './camera-control';
import { describeRegion } from './describe';
import { type IdleScene, IdleLayer } from './idle-layer';
import { dropShape, settle } from './keyboard-shapes';
import { Palette } from '../palette';
import { PictureKeys } from './picture-keys';
import type { LoadedPicture } from './picture';
import { Pointers } from './pointers';
import { RegionView } from './region-view';
import { BoxTool } from './tools/box-tool';
import { HandTool } from './tools/hand-tool';
import { dotWidth, PointTool } from './tools/point-tool';
import { PolygonTool } from './tools/polygon-tool';
import { SelectTool } from './tools/select-tool';
import type { Draft, Stage, Tool, ToolPointer } from './tools/tool';
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

/** While the camera moves, everything is painted anew this often; in between the bitmap is moved. */
const REPAINT_MS = 100;
/** The camera rests when it has not moved for this long. */
const REST_MS = 120;
const HELP =
  'Tab goes through the regions; Escape and then Tab leaves. Arrow keys move the selected region, Alt and arrow keys ' +
  'resize it. With a drawing tool Enter puts a shape in the middle. Comma and full stop pick a corner of a polygon.';

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
  readonly #picture: HTMLImageElement;
  readonly #idle = new IdleLayer();
  readonly #active = new ActiveLayer();
  readonly #marquee = document.createElement('div');
  readonly #status = document.createElement('span');
  readonly #regions: RegionView;
  readonly #camera: CameraControl;
  readonly #pointers: Pointers;
  readonly #keys: PictureKeys;
  readonly #tools: Readonly<Record<Exclude<ToolName, 'span'>, Tool>>;
  readonly #listeners = new Set<() => void>();
  readonly #gone = new AbortController();

  #palette: Palette;
  #tool: Tool;
  #toolName: ToolName;
  #draft: Draft | null = null;
  #pickedVertex: number | null = null;
  #marqueeBox: Box | null = null;
  #pointerAt: ToolPointer | null = null;
  #isSpaceHeld = false;
  #isPanning = false;
  /** The picture got the focus by key and no pointer has pressed since: Enter may drop shapes. */
  #isKeyboardUsed = false;
  #wasDrawing = false;

  #frameRequest = 0;
  #restTimer = 0;
  #paintedAt = 0;
  /** What the next frame has to do. */
  #dirty = { camera: true, all: true, active: true, boxes: [] as Box[] };

  constructor(host: HTMLElement, editor: Editor, picture: LoadedPicture, options: ImageSurfaceOptions) {
    this.#host = host;
    this.#options = options;
    this.editor = editor;
    this.objectName = options.objectName;
    this.size = picture.size;
    this.#picture = picture.element;
    this.#build();
    this.#palette = new Palette(editor.config, this.element);
    this.#regions = new RegionView(editor, this.objectName);
    this.#camera = new CameraControl(this.size, () => this.#cameraChanged());
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
    this.#pointers = new Pointers(this.element, this.#pointerSink(), this.#gone.signal);
    this.#listen();
    this.#measure();
    this.#frame(performance.now());
  }

  // ---- the face

  fit(): void {
    this.#camera.fit({ animate: true });
  }

  /** Zooms about a client position, else about the middle of the view. */
  zoomBy(factor: number, clientX?: number, clientY?: number): void {
    const { width, height } = this.#camera.view;
    const isAtPointer = clientX !== undefined && clientY !== undefined;
    this.#camera.zoomBy(factor, isAtPointer ? this.#pointers.place({ clientX, clientY }) : { x: width / 2, y: height / 2 });
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
    return this.#camera.pictureAt(this.#pointers.place({ clientX, clientY }));
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
    cancelAnimationFrame(this.#frameRequest);
    clearTimeout(this.#restTimer);
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
    this.#marqueeBox = box;
    this.#request({ camera: true });
  }

  panBy(dx: number, dy: number): void {
    this.#camera.panBy(dx, dy);
  }

  add(shape: Shape): Region | null {
    const region = this.editor.addRegion(settle(shape, this.size), this.objectName);
    if (region === null) this.refuse('Pick a label first: there is none for this shape.');
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
    element.classList.toggle('is-pixelated', this.#options.attributes.smoothing === false);
    element.tabIndex = 0;
    element.setAttribute('role', 'application');
    element.setAttribute('aria-label', `Picture ${this.objectName}, ${this.size.width} by ${this.size.height} pixels`);
    element.setAttribute('aria-describedby', helpId);
    const help = document.createElement('span');
    help.id = helpId;
    help.hidden = true;
    help.textContent = HELP;
    this.#status.className = 'surface-unseen';
    this.#status.setAttribute('role', 'status');
    this.#marquee.className = 'surface-marquee';
    this.#marquee.hidden = true;
    element.append(this.#picture, this.#idle.element, this.#active.element, this.#marquee, help, this.#status);
    this.#host.append(element);
  }

  #listen(): void {
    const { signal } = this.#gone;
    const { element, editor } = this;
    element.addEventListener('wheel', (event) => this.#wheel(event), { signal, passive: false });
    element.addEventListener('keydown', (event) => this.#keydown(event), { signal });
    element.addEventListener('focus', () => this.#useKeyboard(!this.#pointers.isPressed), { signal });
    element.addEventListener('pointerdown', () => this.#useKeyboard(false), { signal });
    element.addEventListener('blur', () => this.#keys.blur(), { signal });
    element.addEventListener('contextmenu', (event) => event.preventDefault(), { signal });
    addEventListener('keydown', (event) => this.#spaceDown(event), { signal });
    addEventListener('keyup', (event) => this.#spaceUp(event), { signal });
    addEventListener('blur', () => this.#holdSpace(false), { signal });
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
    this.#showCursor();
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
    this.#pointers.forgetPlace();
    this.#camera.resize({ width, height, insets });
    this.#request({ all: true, active: true });
  }

  // ---- pointer and wheel

  #pointerSink(): ConstructorParameters<typeof Pointers>[1] {
    return {
      pans: (event) => this.#pans(event),
      press: (event, at, isDouble) => {
        this.focus();
        this.#give(this.#pointer(event, at, isDouble), (pointer) => this.#tool.press(pointer));
      },
      drag: (event, at) => this.#give(this.#pointer(event, at), (pointer) => this.#tool.drag(pointer)),
      release: (event, at) => this.#give(this.#pointer(event, at), (pointer) => this.#tool.release(pointer)),
      hover: (event, at) => this.#hover(this.#pointer(event, at)),
      leave: () => this.#leave(),
      abandon: () => {
        this.#tool.abandonPress();
        this.#tellDrawing();
      },
      pan: (dx, dy) => {
        this.#isPanning = true;
        this.#camera.panBy(dx, dy);
        this.#showCursor();
      },
      panClick: (event, at) => this.#panClick(this.#pointer(event, at), event),
      pinch: (factor, at) => this.#camera.zoomBy(factor, at),
    };
  }

  #pans(event: PointerEvent): boolean {
    if (event.button === 1) return true;
    return event.button === 0 && (this.#isSpaceHeld || (event.shiftKey && event.pointerType !== 'touch'));
  }

  /** Shift pans; a Shift+click that did not move adds to the selection. */
  #panClick(pointer: ToolPointer, event: PointerEvent): void {
    this.#isPanning = false;
    this.#showCursor();
    if (event.button !== 0 || !pointer.shift || this.#toolName !== 'select') return;
    this.focus();
    this.#tool.press(pointer);
    this.#tool.release(pointer);
  }

  #give(pointer: ToolPointer, act: (pointer: ToolPointer) => void): void {
    this.#pointerAt = pointer;
    act(pointer);
    this.#showCursor();
    this.#tellDrawing();
  }

  #hover(pointer: ToolPointer): void {
    this.#isPanning = false;
    this.#pointerAt = pointer;
    if (pointer.isTouch) return;
    this.#tool.hover(pointer);
    this.#showCursor();
  }

  #leave(): void {
    this.#pointerAt = null;
    this.editor.selection.setHovered(null);
  }

  #pointer(event: PointerEvent, at: Place, isDouble = false): ToolPointer {
    const { x, y } = this.#camera.pictureAt(at);
    return {
      x, y, viewX: at.x, viewY: at.y,
      shift: event.shiftKey, ctrl: event.ctrlKey || event.metaKey, alt: event.altKey,
      isTouch: event.pointerType === 'touch', isDouble,
    };
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const unit = [1, 16, this.#camera.view.height][event.deltaMode] ?? 1;
    if (event.ctrlKey || event.metaKey) {
      const turned = Math.min(Math.max(event.deltaY * unit, -20), 20);
      this.#camera.zoomBy(Math.exp(-turned / 100), this.#pointers.place(event));
    } else {
      this.#camera.panBy(-event.deltaX * unit, -event.deltaY * unit);
    }
  }

  #showCursor(): void {
    const isHand = this.#isSpaceHeld || this.#isPanning;
    const cursor = isHand ? (this.#isPanning ? 'grabbing' : 'grab') : this.#tool.cursor(this.#pointerAt);
    if (this.element.style.cursor !== cursor) this.element.style.cursor = cursor;
  }

  // ---- keys

  #keydown(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing || !this.#keys.press(event)) return;
    event.preventDefault();
    event.stopPropagation();
    this.#request({ active: true });
    this.#tellDrawing();
  }

  /** Space is the hand for as long as it is held, wherever the focus is, unless Space means something there. */
  #spaceDown(event: KeyboardEvent): void {
    if (event.code !== 'Space' || event.ctrlKey || event.altKey || event.metaKey) return;
    const { activeElement } = document;
    if (activeElement !== null && activeElement !== document.body && activeElement !== this.element) return;
    event.preventDefault();
    this.#holdSpace(true);
  }

  #spaceUp(event: KeyboardEvent): void {
    if (event.code === 'Space') this.#holdSpace(false);
  }

  #holdSpace(isHeld: boolean): void {
    if (this.#isSpaceHeld === isHeld) return;
    this.#isSpaceHeld = isHeld;
    this.#showCursor();
  }

  #useKeyboard(isUsed: boolean): void {
    this.#isKeyboardUsed = isUsed;
    this.element.classList.toggle('is-key-focused', isUsed);
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

  // ---- frames

  #cameraChanged(): void {
    this.#request({ camera: true });
    clearTimeout(this.#restTimer);
    this.#restTimer = window.setTimeout(() => this.#rest(), REST_MS);
    this.#tell();
  }

  #rest(): void {
    this.element.classList.remove('is-moving');
    this.#request({ all: true, active: true });
  }

  #repaintRegion(id: RegionId): void {
    const region = this.#regions.get(id);
    if (region !== null) this.#request({ boxes: [shapeBounds(region.shape)] });
  }

  #request(change: { camera?: boolean; all?: boolean; active?: boolean; boxes?: readonly Box[] }): void {
    this.#dirty.camera ||= change.camera ?? false;
    this.#dirty.all ||= change.all ?? false;
    this.#dirty.active ||= change.active ?? false;
    if (change.boxes !== undefined) this.#dirty.boxes.push(...change.boxes);
    if (this.#frameRequest === 0 && !this.#gone.signal.aborted) {
      this.#frameRequest = requestAnimationFrame((now) => this.#frame(now));
    }
  }

  #frame(now: number): void {
    this.#frameRequest = 0;
    if (this.#camera.view.width === 0) return;
    const dirty = this.#dirty;
    this.#dirty = { camera: false, all: false, active: false, boxes: [] };
    const camera = this.#camera.shownAt(now);
    if (dirty.camera) this.#movePicture(camera, !dirty.all);
    const isDue = dirty.all || (dirty.camera && now - this.#paintedAt >= REPAINT_MS);
    this.#paintIdle(camera, isDue, dirty.boxes, now);
    this.#paintActive(camera, isDue || dirty.active);
    if (this.#camera.isMoving) this.#request({ camera: true });
  }

  #movePicture({ scale, x, y }: Camera, isMotion: boolean): void {
    if (isMotion) this.element.classList.add('is-moving');
    this.#picture.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    const box = this.#marqueeBox;
    this.#marquee.hidden = box === null;
    if (box === null) return;
    const { style } = this.#marquee;
    style.transform = `translate(${box.minX * scale + x}px, ${box.minY * scale + y}px)`;
    style.width = `${(box.maxX - box.minX) * scale}px`;
    style.height = `${(box.maxY - box.minY) * scale}px`;
  }

  #paintIdle(camera: Camera, isDue: boolean, boxes: readonly Box[], now: number): void {
    if (isDue) {
      this.#paintedAt = now;
      this.#idle.paint(this.#idleScene(), camera, this.#view);
      return;
    }
    this.#idle.follow(camera);
    if (boxes.length > 8) this.#idle.repaint(this.#idleScene(), unionOf(boxes));
    else for (const box of boxes) this.#idle.repaint(this.#idleScene(), box);
  }

  /** A drag only moves what is painted, as long as all that is active moves and all of it was in view. */
  #paintActive(camera: Camera, isDirty: boolean): void {
    const draft = this.#draft;
    const { selection } = this.editor;
    const isSlid = draft?.kind === 'moved' && this.#slides && [...selection.ids()].every((id) => draft.ids.has(id));
    if (isSlid && !this.#active.isClipped) {
      this.#active.follow(camera, draft.dx - this.#slidFrom.dx, draft.dy - this.#slidFrom.dy);
      return;
    }
    if (!isDirty) return this.#active.follow(camera);
    this.#active.paint(activeScene(this.#sceneSource(camera)), camera, this.#view);
    this.#slides = draft?.kind === 'moved';
    this.#slidFrom = draft?.kind === 'moved' ? { dx: draft.dx, dy: draft.dy } : { dx: 0, dy: 0 };
  }

  /** The active layer was painted in the middle of a move that had come this far, picture pixels. */
  #slides = false;
  #slidFrom = { dx: 0, dy: 0 };

  get #view(): View {
    return this.#camera.view;
  }

  #idleScene(): IdleScene {
    const lifted = liftedIds(this.#draft);
    return {
      size: this.size,
      palette: this.#palette,
      regionsIn: (box) => {
        const regions = this.#regions.meeting(box);
        return lifted.size === 0 ? regions : regions.filter(({ id }) => !lifted.has(id));
      },
    };
  }

  #sceneSource(camera: Camera): SceneSource {
    return {
      editor: this.editor,
      regions: this.#regions,
      palette: this.#palette,
      size: this.size,
      scale: camera.scale,
      draft: this.#draft,
      pickedVertex: this.#pickedVertex,
    };
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

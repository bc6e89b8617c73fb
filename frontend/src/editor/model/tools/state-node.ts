/**
 * One state of a tool. A tool is a tree of them; an event goes to the deepest active state first and climbs until one
 * says that it was handled. `Event` is a union of the tool's own events, told apart by `type`.
 */
export abstract class StateNode<Context, Event extends { readonly type: string }> {
  abstract readonly id: string;
  protected readonly context: Context;
  parent: StateNode<Context, Event> | null = null;
  #children: ReadonlyMap<string, StateNode<Context, Event>> = new Map();
  #current: StateNode<Context, Event> | null = null;

  constructor(context: Context) {
    this.context = context;
  }

  /** Called by a subclass's constructor; the first child is where the state begins. */
  protected setChildren(children: ReadonlyArray<StateNode<Context, Event>>): void {
    for (const child of children) child.parent = this;
    this.#children = new Map(children.map((child) => [child.id, child]));
  }

  get current(): StateNode<Context, Event> | null {
    return this.#current;
  }

  /** Ids from this state to the deepest active one, with dots: "rectangle.drawing". */
  get path(): string {
    return this.#current === null ? this.id : `${this.id}.${this.#current.path}`;
  }

  isIn(path: string): boolean {
    return this.path === path || this.path.startsWith(`${path}.`);
  }

  enter(from?: unknown): void {
    this.onEnter(from);
    const [first] = this.#children.values();
    if (this.#current === null && first !== undefined) this.#start(first, undefined);
  }

  exit(): void {
    this.#current?.exit();
    this.#current = null;
    this.onExit();
  }

  /** Leaves the active child for another, which is told `from`: what the change hands over. */
  transition(id: string, from?: unknown): void {
    const next = this.#children.get(id);
    if (next === undefined) throw new Error(`The state ${this.id} has no state ${id} in it.`);
    this.#current?.exit();
    this.#start(next, from);
  }

  /** Hands an event to the deepest active state; true when one handled it. */
  dispatch(event: Event): boolean {
    if (this.#current?.dispatch(event)) return true;
    return this.handle(event);
  }

  /** Takes an event or leaves it to the parent. */
  protected handle(_event: Event): boolean {
    return false;
  }

  protected onEnter(_from: unknown): void {}

  protected onExit(): void {}

  #start(state: StateNode<Context, Event>, from: unknown): void {
    this.#current = state;
    state.enter(from);
  }
}

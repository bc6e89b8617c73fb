/** The values that the label editor works on. Everything here is plain, immutable and free of React. */

export type RegionId = string;

export interface RectangleShape {
  readonly kind: 'rectangle';
  /** The top-left corner, before rotation. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Degrees clockwise about (x, y). */
  readonly rotation: number;
}

export type Point = readonly [x: number, y: number];

export interface PolygonShape {
  readonly kind: 'polygon';
  readonly points: ReadonlyArray<Point>;
  readonly closed: boolean;
}

export interface EllipseShape {
  readonly kind: 'ellipse';
  /** The centre. */
  readonly x: number;
  readonly y: number;
  readonly radiusX: number;
  readonly radiusY: number;
  /** Degrees clockwise about the centre. */
  readonly rotation: number;
}

export interface KeypointShape {
  readonly kind: 'keypoint';
  readonly x: number;
  readonly y: number;
  /** Diameter of the dot in percent of the picture's width, as on the wire. */
  readonly width: number;
}

export interface SpanShape {
  readonly kind: 'span';
  /** UTF-16 offsets into the text, end exclusive. */
  readonly start: number;
  readonly end: number;
}

/** Picture pixels, in the unrotated picture as shown after EXIF orientation; float64. */
export type Shape = RectangleShape | PolygonShape | EllipseShape | KeypointShape | SpanShape;
export type ShapeKind = Shape['kind'];

export type Origin = 'manual' | 'prediction' | 'prediction-changed';

/** What a model is asked with (`counter-prompt`: a point that is not meant), or what it answered and nobody accepted yet. */
export type ExchangePart = 'prompt' | 'counter-prompt' | 'answer';

/** One item of a Label Studio result. */
export interface LsResult {
  id: string;
  from_name: string;
  to_name: string;
  type: string;
  value: Record<string, unknown>;
  original_width?: number;
  original_height?: number;
  image_rotation?: number;
  origin?: string;
  score?: number;
  [key: string]: unknown;
}

export interface Region {
  readonly id: RegionId;
  readonly fromName: string;
  readonly toName: string;
  readonly shape: Shape;
  readonly labels: readonly string[];
  readonly origin: Origin;
  /** Confidence of the prediction it came from, 0 to 1. */
  readonly score?: number;
  /** A prediction that nobody accepted or touched yet: drawn dashed, never submitted. */
  readonly suggested: boolean;
  /** Its part where a model is asked while one draws. Such regions are suggested ones too. */
  readonly exchange?: ExchangePart;
  readonly hidden?: boolean;
  readonly locked?: boolean;
  /**
   * The results it came from, its own first, then those that share its id (perRegion controls).
   * Written back bit-exact for whatever was not changed; unknown keys are kept.
   */
  readonly source?: readonly LsResult[];
}

/** A choice about the whole task; there is one for each control (fromName). */
export interface Answer {
  readonly fromName: string;
  readonly toName: string;
  readonly values: readonly string[];
  readonly source?: LsResult;
  /** Id of its result, where there is no source yet. */
  readonly id?: string;
  /** Absent means manual. */
  readonly origin?: Origin;
  /** Proposed by a prediction and not accepted yet: shown, never submitted. */
  readonly suggested?: boolean;
  /** Proposed by a model that was asked while one draws. */
  readonly exchange?: 'answer';
}

export type RegionChange = readonly [from: Region, to: Region];
export type AnswerChange = readonly [fromName: string, from: Answer | undefined, to: Answer | undefined];

/** A change of the record store. Its inverse swaps added with removed, and from with to. */
export interface Diff {
  readonly added: readonly Region[];
  readonly removed: readonly Region[];
  readonly updated: readonly RegionChange[];
  readonly answers?: readonly AnswerChange[];
}

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** What a model proposed for the task; several may be given. */
export interface Prediction {
  readonly result: readonly LsResult[];
  /** 0 to 1; shown for regions that have no score of their own. */
  readonly score?: number | null;
  readonly [key: string]: unknown;
}

/** Sizes of the pictures and texts of the task, by the name of their object tag. */
export type PictureSizes = ReadonlyMap<string, PictureSize>;
export type Texts = ReadonlyMap<string, string>;

/** Axis-aligned, in picture pixels. */
export interface Box {
  readonly minX: number;
  readonly minY: number;
  readonly maxX: number;
  readonly maxY: number;
}

export type ToolName = 'select' | 'hand' | 'rectangle' | 'polygon' | 'ellipse' | 'keypoint' | 'span';

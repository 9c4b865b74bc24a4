// candles.wgsl: the whole chart pane, for browsers (Tint) and for wgpu on the server (naga).
//
// Draw order: vs_rect (grid), vs_volume, vs_candle, vs_dash (last price line).
//
// Rules that keep every backend, and the Canvas2D renderer, equal pixel by pixel:
//   * All geometry is axis-aligned quads whose edges are whole pixels.
//   * Snapping is  floor(add -> mul)  or  round(sub -> mul)  (half to even): there is never a
//     mul -> add before the rounding step, so a compiler finds nothing to contract to an fma.
//   * Colours are k/255 and opaque; no blending, no MSAA, unorm (not -srgb) targets.
//   * Prices are integers relative to a base and volumes integers, all exact below 2^24.
//   * The vertex buffer is bound at the first candle to draw, so instance 0 is at the left edge and
//     x stays exact however long the history is.

struct View {
  size    : vec4f,  // width px, height px, 2/width, 2/height
  xmap    : vec4f,  // left edge in slots (negated fraction), px per slot, body px, left of wick px
  ymap    : vec4f,  // price at the pane's top, px per price unit, top px, wick px
  vmap    : vec4f,  // px per unit of volume, baseline px, lowest y px, highest y px
  line    : vec4f,  // last price, dash px, period px, thickness px
  up      : vec4f,
  down    : vec4f,
  vup     : vec4f,
  vdown   : vec4f,
  lineCol : vec4f,
};
struct Candle { o : f32, h : f32, l : f32, c : f32, v : f32 };
struct Lod { count : u32, per : u32, first : u32, last : u32 };

@group(0) @binding(0) var<uniform> view : View;

struct VOut { @builtin(position) pos : vec4f, @location(0) @interpolate(flat) col : vec4f };

// Left pixel of the wick in slot i.
fn snapx(i : f32) -> f32 { return floor((i + view.xmap.x) * view.xmap.y) + view.xmap.w; }

// Pixel row of price p, kept near the pane: far outside, rasterisers round differently.
fn snapy(p : f32) -> f32 {
  return clamp(round((view.ymap.x - p) * view.ymap.y) + view.ymap.z, view.vmap.z, view.vmap.w);
}

// Corners 0 1 2, 2 1 3 of a unit quad.
fn corner(k : u32) -> vec2f {
  let j = select(k, select(2u, select(1u, 3u, k == 5u), k >= 4u), k >= 3u);
  return vec2f(f32(j & 1u), f32(j >> 1u));
}

// Vertex k of the quad from (x, y) to (x + w, y + h), in pixels from the top left.
fn quad(k : u32, x : f32, y : f32, w : f32, h : f32, col : vec4f) -> VOut {
  let q = corner(k);
  var o : VOut;
  o.pos = vec4f(select(x, x + w, q.x > 0.5) * view.size.z - 1.0,
                1.0 - select(y, y + h, q.y > 0.5) * view.size.w, 0.0, 1.0);
  o.col = col;
  return o;
}

// Any rectangle: x, y, width, height in whole pixels.
@vertex fn vs_rect(@builtin(vertex_index) vi : u32,
                   @location(0) rect : vec4f, @location(1) col : vec4f) -> VOut {
  return quad(vi, rect.x, rect.y, rect.z, rect.w, col);
}

// Vertices 0 to 5 are the wick, 6 to 11 the body, which is at least as high as the wick is wide.
@vertex fn vs_candle(@builtin(vertex_index) vi : u32, @builtin(instance_index) ii : u32,
                     @location(0) ohlc : vec4f) -> VOut {
  let wick = vi < 6u;
  let wickWidth = view.ymap.w;
  let width = select(view.xmap.z, wickWidth, wick);
  let x = snapx(f32(ii) + 0.5) - (width - wickWidth) * 0.5;
  let top = snapy(select(max(ohlc.x, ohlc.w), ohlc.y, wick));
  let bottom = max(snapy(select(min(ohlc.x, ohlc.w), ohlc.z, wick)), top + wickWidth);
  let col = select(view.down, view.up, ohlc.w >= ohlc.x);
  return quad(select(vi - 6u, vi, wick), x, top, width, bottom - top, col);
}

@vertex fn vs_volume(@builtin(vertex_index) vi : u32, @builtin(instance_index) ii : u32,
                     @location(0) ohlc : vec4f, @location(1) vol : f32) -> VOut {
  let x = snapx(f32(ii) + 0.5) - (view.xmap.z - view.ymap.w) * 0.5;
  let height = max(round(vol * view.vmap.x), 1.0);
  let col = select(view.vdown, view.vup, ohlc.w >= ohlc.x);
  return quad(vi, x, view.vmap.y - height, view.xmap.z, height, col);
}

// Dash ii of the last price line.
@vertex fn vs_dash(@builtin(vertex_index) vi : u32, @builtin(instance_index) ii : u32) -> VOut {
  return quad(vi, f32(ii) * view.line.z, snapy(view.line.x), view.line.y, view.line.w, view.lineCol);
}

@fragment fn fs(i : VOut) -> @location(0) vec4f { return i.col; }

// Level of detail: `per` consecutive candles become one (first open, highest high, lowest low, last
// close, summed volume). Buckets lod.first to lod.last (exclusive) are computed, so that a tick
// costs one bucket.
@group(0) @binding(1) var<storage, read> src : array<Candle>;
@group(0) @binding(2) var<storage, read_write> dst : array<Candle>;
@group(0) @binding(3) var<uniform> lod : Lod;

@compute @workgroup_size(64) fn cs_lod(@builtin(global_invocation_id) gid : vec3u) {
  let b = lod.first + gid.x;
  if (b >= lod.last) { return; }
  let s = b * lod.per;
  let e = min(s + lod.per, lod.count);
  var k = src[s];
  for (var i = s + 1u; i < e; i++) {
    let c = src[i];
    k.h = max(k.h, c.h);
    k.l = min(k.l, c.l);
    k.c = c.c;
    k.v = k.v + c.v;
  }
  dst[b] = k;
}

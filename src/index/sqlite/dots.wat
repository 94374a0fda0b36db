;; Dot products of vectors of 8-bit integers with one vector. The bytes of this module are in VectorSpace.ts.
(module
  (import "" "memory" (memory 1))
  ;; Writes the dot product of `query` with each of `count` vectors that lie one after another from `vectors` on, as 32-bit
  ;; integers from `dots` on. `size`, the bytes of each, is a positive multiple of 16.
  (func (export "dots") (param $query i32) (param $vectors i32) (param $count i32) (param $size i32) (param $dots i32)
    (local $at i32) (local $end i32) (local $sum v128) (local $a v128) (local $b v128)
    (local.set $end (i32.add (local.get $dots) (i32.shl (local.get $count) (i32.const 2))))
    (block $done
      (loop $each
        (br_if $done (i32.ge_u (local.get $dots) (local.get $end)))
        (local.set $sum (v128.const i32x4 0 0 0 0))
        (local.set $at (i32.const 0))
        (loop $sixteen
          (local.set $a (v128.load (i32.add (local.get $query) (local.get $at))))
          (local.set $b (v128.load (i32.add (local.get $vectors) (local.get $at))))
          ;; Two products of 127 and 127 are less than half of what 32 bits hold, so that the pairs of dot_i16x8_s are exact.
          (local.set $sum (i32x4.add (local.get $sum) (i32x4.add
            (i32x4.dot_i16x8_s (i16x8.extend_low_i8x16_s (local.get $a)) (i16x8.extend_low_i8x16_s (local.get $b)))
            (i32x4.dot_i16x8_s (i16x8.extend_high_i8x16_s (local.get $a)) (i16x8.extend_high_i8x16_s (local.get $b))))))
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (br_if $sixteen (i32.lt_u (local.get $at) (local.get $size))))
        (i32.store (local.get $dots)
          (i32.add
            (i32.add (i32x4.extract_lane 0 (local.get $sum)) (i32x4.extract_lane 1 (local.get $sum)))
            (i32.add (i32x4.extract_lane 2 (local.get $sum)) (i32x4.extract_lane 3 (local.get $sum)))))
        (local.set $dots (i32.add (local.get $dots) (i32.const 4)))
        (local.set $vectors (i32.add (local.get $vectors) (local.get $size)))
        (br $each)))))

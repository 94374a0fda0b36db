;; Dot products of vectors of 8-bit integers with one vector. The bytes of this module are in VectorSpace.ts.
(module
  (import "" "memory" (memory 1))
  ;; Writes the dot product of `query` with each of `count` vectors that lie one after another from `vectors` on, as 32-bit
  ;; integers from `dots` on. `size`, the bytes of each, is a positive multiple of 16. Four are read side by side, which is
  ;; twice as fast where they come from memory: up to three vectors and dots beyond the last are read and written, too.
  (func (export "dots") (param $query i32) (param $vectors i32) (param $count i32) (param $size i32) (param $dots i32)
    (local $at i32) (local $end i32) (local $a v128) (local $b v128) (local $low v128) (local $high v128)
    (local $v1 i32) (local $v2 i32) (local $v3 i32) (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128)
    (local.set $end (i32.add (local.get $dots) (i32.shl (local.get $count) (i32.const 2))))
    (block $done
      (loop $four
        (br_if $done (i32.ge_u (local.get $dots) (local.get $end)))
        (local.set $v1 (i32.add (local.get $vectors) (local.get $size)))
        (local.set $v2 (i32.add (local.get $v1) (local.get $size)))
        (local.set $v3 (i32.add (local.get $v2) (local.get $size)))
        (local.set $s0 (v128.const i32x4 0 0 0 0))
        (local.set $s1 (v128.const i32x4 0 0 0 0))
        (local.set $s2 (v128.const i32x4 0 0 0 0))
        (local.set $s3 (v128.const i32x4 0 0 0 0))
        (local.set $at (i32.const 0))
        (loop $sixteen
          (local.set $a (v128.load (i32.add (local.get $query) (local.get $at))))
          (local.set $low (i16x8.extend_low_i8x16_s (local.get $a)))
          (local.set $high (i16x8.extend_high_i8x16_s (local.get $a)))
          ;; Two products of 127 and 127 are less than half of what 32 bits hold, so that the pairs of dot_i16x8_s are exact.
          (local.set $b (v128.load (i32.add (local.get $vectors) (local.get $at))))
          (local.set $s0 (i32x4.add (local.get $s0) (i32x4.add
            (i32x4.dot_i16x8_s (local.get $low) (i16x8.extend_low_i8x16_s (local.get $b)))
            (i32x4.dot_i16x8_s (local.get $high) (i16x8.extend_high_i8x16_s (local.get $b))))))
          (local.set $b (v128.load (i32.add (local.get $v1) (local.get $at))))
          (local.set $s1 (i32x4.add (local.get $s1) (i32x4.add
            (i32x4.dot_i16x8_s (local.get $low) (i16x8.extend_low_i8x16_s (local.get $b)))
            (i32x4.dot_i16x8_s (local.get $high) (i16x8.extend_high_i8x16_s (local.get $b))))))
          (local.set $b (v128.load (i32.add (local.get $v2) (local.get $at))))
          (local.set $s2 (i32x4.add (local.get $s2) (i32x4.add
            (i32x4.dot_i16x8_s (local.get $low) (i16x8.extend_low_i8x16_s (local.get $b)))
            (i32x4.dot_i16x8_s (local.get $high) (i16x8.extend_high_i8x16_s (local.get $b))))))
          (local.set $b (v128.load (i32.add (local.get $v3) (local.get $at))))
          (local.set $s3 (i32x4.add (local.get $s3) (i32x4.add
            (i32x4.dot_i16x8_s (local.get $low) (i16x8.extend_low_i8x16_s (local.get $b)))
            (i32x4.dot_i16x8_s (local.get $high) (i16x8.extend_high_i8x16_s (local.get $b))))))
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (br_if $sixteen (i32.lt_u (local.get $at) (local.get $size))))
        (i32.store offset=0 (local.get $dots)
          (i32.add
            (i32.add (i32x4.extract_lane 0 (local.get $s0)) (i32x4.extract_lane 1 (local.get $s0)))
            (i32.add (i32x4.extract_lane 2 (local.get $s0)) (i32x4.extract_lane 3 (local.get $s0)))))
        (i32.store offset=4 (local.get $dots)
          (i32.add
            (i32.add (i32x4.extract_lane 0 (local.get $s1)) (i32x4.extract_lane 1 (local.get $s1)))
            (i32.add (i32x4.extract_lane 2 (local.get $s1)) (i32x4.extract_lane 3 (local.get $s1)))))
        (i32.store offset=8 (local.get $dots)
          (i32.add
            (i32.add (i32x4.extract_lane 0 (local.get $s2)) (i32x4.extract_lane 1 (local.get $s2)))
            (i32.add (i32x4.extract_lane 2 (local.get $s2)) (i32x4.extract_lane 3 (local.get $s2)))))
        (i32.store offset=12 (local.get $dots)
          (i32.add
            (i32.add (i32x4.extract_lane 0 (local.get $s3)) (i32x4.extract_lane 1 (local.get $s3)))
            (i32.add (i32x4.extract_lane 2 (local.get $s3)) (i32x4.extract_lane 3 (local.get $s3)))))
        (local.set $dots (i32.add (local.get $dots) (i32.const 16)))
        (local.set $vectors (i32.add (local.get $v3) (local.get $size)))
        (br $four)))))

package dataset

// build is the shape of an animal seen from the side, facing right; the body is
// about two units long.
type build struct {
	length, height float32 // half axes of the body
	rise           float32 // how much higher the shoulders are than the rump
	leg, legWidth  float32
	neck, neckTurn float32 // length, and radians above the horizontal
	neckWidth      float32
	head           float32 // radius
	snout, muzzle  float32 // length and radius
	ear            earKind
	earSize        float32
	tail           tailKind
	tailSize       float32
	horns, mane    bool
	trunk, wool    bool
	shell          bool
}

type earKind uint8

const (
	noEar earKind = iota
	pointedEar
	roundEar
	longEar
	floppyEar
	hugeEar
)

type tailKind uint8

const (
	stubTail tailKind = iota
	thinTail
	bushyTail
	raisedTail
	curlyTail
	tuftTail
)

type marking uint8

const (
	plain marking = iota
	striped
	spotted    // small spots
	patched    // large irregular patches
	netted     // large plates with light seams
	pointed    // dark face, ears, legs and tail
	bellied    // light belly, chest and muzzle
	bicoloured // panda: dark legs, shoulders, ears, eye patches
)

// breed is a class: a build in a coat.
type breed struct {
	name    string
	build   *build
	coat    rgb
	second  rgb // of the markings
	marking marking
}

var (
	cat      = &build{length: 0.95, height: 0.42, leg: 0.52, legWidth: 0.13, neck: 0.30, neckTurn: 0.7, neckWidth: 0.28, head: 0.42, snout: 0.22, muzzle: 0.17, ear: pointedEar, earSize: 0.36, tail: thinTail, tailSize: 1.15}
	bigCat   = &build{length: 1.15, height: 0.46, leg: 0.55, legWidth: 0.17, neck: 0.28, neckTurn: 0.4, neckWidth: 0.34, head: 0.38, snout: 0.28, muzzle: 0.21, ear: roundEar, earSize: 0.15, tail: thinTail, tailSize: 1.1}
	dog      = &build{length: 0.92, height: 0.42, rise: 0.05, leg: 0.72, legWidth: 0.14, neck: 0.50, neckTurn: 0.85, neckWidth: 0.25, head: 0.36, snout: 0.50, muzzle: 0.17, ear: floppyEar, earSize: 0.42, tail: raisedTail, tailSize: 0.75}
	wolf     = &build{length: 1.0, height: 0.42, rise: 0.06, leg: 0.75, legWidth: 0.13, neck: 0.48, neckTurn: 0.6, neckWidth: 0.30, head: 0.34, snout: 0.52, muzzle: 0.14, ear: pointedEar, earSize: 0.28, tail: bushyTail, tailSize: 0.75}
	fox      = &build{length: 0.85, height: 0.33, leg: 0.52, legWidth: 0.10, neck: 0.38, neckTurn: 0.6, neckWidth: 0.22, head: 0.32, snout: 0.45, muzzle: 0.10, ear: pointedEar, earSize: 0.40, tail: bushyTail, tailSize: 1.15}
	rabbit   = &build{length: 0.70, height: 0.55, rise: -0.08, leg: 0.28, legWidth: 0.17, neck: 0.34, neckTurn: 0.8, neckWidth: 0.28, head: 0.38, snout: 0.20, muzzle: 0.16, ear: longEar, earSize: 0.85, tail: stubTail, tailSize: 0.22}
	bear     = &build{length: 1.15, height: 0.68, rise: 0.10, leg: 0.50, legWidth: 0.25, neck: 0.35, neckTurn: 0.35, neckWidth: 0.42, head: 0.46, snout: 0.38, muzzle: 0.20, ear: roundEar, earSize: 0.18, tail: stubTail, tailSize: 0.12}
	mouse    = &build{length: 0.75, height: 0.45, rise: -0.12, leg: 0.18, legWidth: 0.09, neck: 0.22, neckTurn: 0.1, neckWidth: 0.28, head: 0.34, snout: 0.42, muzzle: 0.08, ear: roundEar, earSize: 0.32, tail: thinTail, tailSize: 1.5}
	pig      = &build{length: 1.05, height: 0.62, leg: 0.32, legWidth: 0.16, neck: 0.25, neckTurn: 0.1, neckWidth: 0.42, head: 0.44, snout: 0.42, muzzle: 0.22, ear: pointedEar, earSize: 0.24, tail: curlyTail, tailSize: 0.3}
	cow      = &build{length: 1.25, height: 0.58, leg: 0.70, legWidth: 0.15, neck: 0.45, neckTurn: 0.45, neckWidth: 0.32, head: 0.36, snout: 0.46, muzzle: 0.24, ear: floppyEar, earSize: 0.25, tail: tuftTail, tailSize: 0.95, horns: true}
	goat     = &build{length: 0.85, height: 0.42, leg: 0.72, legWidth: 0.10, neck: 0.55, neckTurn: 0.95, neckWidth: 0.20, head: 0.28, snout: 0.40, muzzle: 0.13, ear: floppyEar, earSize: 0.28, tail: stubTail, tailSize: 0.16, horns: true}
	sheep    = &build{length: 0.95, height: 0.62, leg: 0.48, legWidth: 0.11, neck: 0.30, neckTurn: 0.5, neckWidth: 0.28, head: 0.30, snout: 0.34, muzzle: 0.16, ear: floppyEar, earSize: 0.25, tail: stubTail, tailSize: 0.2, wool: true}
	horse    = &build{length: 1.10, height: 0.46, rise: 0.03, leg: 1.05, legWidth: 0.13, neck: 0.95, neckTurn: 0.9, neckWidth: 0.24, head: 0.28, snout: 0.58, muzzle: 0.15, ear: pointedEar, earSize: 0.22, tail: bushyTail, tailSize: 0.95, mane: true}
	donkey   = &build{length: 0.95, height: 0.46, leg: 0.78, legWidth: 0.13, neck: 0.65, neckTurn: 0.85, neckWidth: 0.24, head: 0.30, snout: 0.55, muzzle: 0.18, ear: longEar, earSize: 0.60, tail: tuftTail, tailSize: 0.8, mane: true}
	deer     = &build{length: 0.88, height: 0.38, leg: 0.98, legWidth: 0.09, neck: 0.80, neckTurn: 1.05, neckWidth: 0.17, head: 0.26, snout: 0.40, muzzle: 0.10, ear: pointedEar, earSize: 0.30, tail: stubTail, tailSize: 0.16}
	giraffe  = &build{length: 0.85, height: 0.42, rise: 0.16, leg: 1.25, legWidth: 0.12, neck: 1.75, neckTurn: 1.15, neckWidth: 0.18, head: 0.24, snout: 0.40, muzzle: 0.13, ear: pointedEar, earSize: 0.18, tail: tuftTail, tailSize: 0.8, horns: true}
	elephant = &build{length: 1.25, height: 0.80, rise: 0.05, leg: 0.75, legWidth: 0.27, neck: 0.30, neckTurn: 0.5, neckWidth: 0.45, head: 0.52, snout: 0.20, muzzle: 0.25, ear: hugeEar, earSize: 0.55, tail: tuftTail, tailSize: 0.7, trunk: true}
	tortoise = &build{length: 1.0, height: 0.40, leg: 0.32, legWidth: 0.18, neck: 0.50, neckTurn: 0.3, neckWidth: 0.15, head: 0.24, snout: 0.14, muzzle: 0.13, ear: noEar, tail: stubTail, tailSize: 0.12, shell: true}
)

// Colours of coats. Most have a hue near orange, which scaling the hue hardly
// changes; lightness, markings and build carry the rest.
var (
	black     = rgb{0.09, 0.08, 0.08}
	white     = rgb{0.95, 0.94, 0.90}
	grey      = rgb{0.52, 0.52, 0.53}
	paleGrey  = rgb{0.72, 0.72, 0.72}
	darkGrey  = rgb{0.30, 0.30, 0.31}
	ginger    = rgb{0.90, 0.50, 0.16}
	rust      = rgb{0.80, 0.33, 0.10}
	darkBrown = rgb{0.27, 0.15, 0.08}
	brown     = rgb{0.45, 0.27, 0.14}
	chestnut  = rgb{0.52, 0.24, 0.12}
	tan       = rgb{0.76, 0.56, 0.34}
	golden    = rgb{0.90, 0.72, 0.40}
	cream     = rgb{0.94, 0.87, 0.72}
	pink      = rgb{0.95, 0.64, 0.58}
	green     = rgb{0.42, 0.58, 0.20}
	darkGreen = rgb{0.18, 0.27, 0.10}
)

// breeds are the classes. The first dozen differ most.
var breeds = [MaxDrawnClasses]breed{
	{"striped ginger cat", cat, ginger, rust.times(0.55), striped},
	{"black dog", dog, black, black, plain},
	{"white rabbit", rabbit, white, white, plain},
	{"pink pig", pig, pink, pink, plain},
	{"grey elephant", elephant, grey, grey, plain},
	{"spotted giraffe", giraffe, chestnut, cream, netted},
	{"black and white cow", cow, white, black, patched},
	{"zebra", horse, white, black, striped},
	{"brown bear", bear, brown, brown, plain},
	{"green tortoise", tortoise, green, darkGreen, netted},
	{"red fox", fox, rust, white, bellied},
	{"black-faced sheep", sheep, cream, black, pointed},
	{"panda", bear, white, black, bicoloured},
	{"spotted leopard", bigCat, golden, darkBrown, spotted},
	{"grey mouse", mouse, grey, pink, plain},
	{"chestnut horse", horse, chestnut, darkBrown, plain},
	{"spotted white dog", dog, white, black, spotted},
	{"tiger", bigCat, ginger, black, striped},
	{"siamese cat", cat, cream, darkBrown, pointed},
	{"black cat", cat, black, black, plain},
	{"grey wolf", wolf, grey, paleGrey, bellied},
	{"brown rabbit", rabbit, brown, cream, bellied},
	{"golden dog", dog, golden, golden, plain},
	{"polar bear", bear, white, white, plain},
	{"striped grey cat", cat, paleGrey, darkGrey, striped},
	{"brown cow", cow, chestnut, white, bellied},
	{"white goat", goat, white, white, plain},
	{"spotted fawn", deer, tan, white, spotted},
	{"grey donkey", donkey, grey, white, bellied},
	{"black sheep", sheep, darkGrey, black, pointed},
	{"white horse", horse, white, paleGrey, plain},
	{"patched cat", cat, white, ginger, patched},
	{"spotted pig", pig, pink, darkGrey, patched},
	{"brown and white dog", dog, white, chestnut, patched},
	{"lion", bigCat, golden, brown, pointed},
	{"black goat", goat, black, black, plain},
	{"white cat", cat, white, white, plain},
}

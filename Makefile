# An index of what can be done here; the work itself is in Rust, tests/ and board/.
# `make` alone prints it.
OUT := $(or $(CARGO_TARGET_DIR),target)
PROGRAMS := --locked --bin kiosk --bin registry
# Tesseract's own threads only get in each other's way: pages are what runs in parallel.
export OMP_THREAD_LIMIT ?= 1

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' Makefile

setup: ## install what is missing on a Debian 12 machine (root or sudo)
	@tests/setup.sh

demo: setup ## one paper from scanner to verified copy; INTERACTIVE=1 leaves the decision to you
	cargo build --release $(PROGRAMS) --bin demo
	$(OUT)/release/demo

test: setup ## every test, against the real counterparts
	cargo build --locked --workspace --all-targets
	cargo test --locked --workspace

sim: setup ## a few thousand visits under every fault; SEED=n VISITS=m replays one run
	cargo build --locked --workspace --all-targets
	$(OUT)/debug/sim $(if $(SEED),--seed $(SEED)) $(if $(VISITS),--visits $(VISITS))

sim-long: setup ## 100,000 visits with at least one fault each
	cargo build --locked --workspace --all-targets
	$(OUT)/debug/sim --troubled 100000 --from 1000000

lint: setup ## format, clippy, licences, sources and advisories of every dependency
	@tests/setup.sh lint
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- --deny warnings
	cargo deny --locked check bans licenses sources
	@tests/advisories.sh

bench: setup ## ratios: store and bare disk, pages and ocrmypdf, reading and Tesseract, start, touches, memory, sealing and pyHanko
	@tests/setup.sh bench
	cargo bench --locked --workspace --bench store
	cargo build --release $(PROGRAMS) --bin bench --bin figures
	$(OUT)/release/bench
	$(OUT)/release/figures
	cargo bench --locked --workspace --bench reading
	cargo bench --locked --workspace --bench face
	cargo bench --locked --workspace --bench chip
	cargo bench --locked --workspace --bench seal

reliability: setup ## kills, power cuts, full disks, flipped bits: the table of docs/reliability.md (root)
	cargo build --locked --workspace --bins
	$(OUT)/debug/reliability --write docs/reliability.md
	cargo build --locked --workspace --all-targets
	CRASH_KILLS=1000 cargo test --locked --workspace --test crash -- --nocapture

sim-mutants: setup ## take one fsync, rename or check out of the product at a time; a test must notice
	cargo build --locked --workspace --bins
	CARGO_TARGET_DIR=$(abspath $(OUT))/mutants $(OUT)/debug/mutants

fuzz: setup ## bytes from strangers into every parser; SECONDS_EACH=60 for each target
	tests/fuzz.sh

cross: setup ## kiosk and registry for the kiosk's processor (aarch64), checked by their ELF headers
	@tests/setup.sh image
	board/cross.sh

cross-test: cross ## the aarch64 kiosk by emulation: the same text read, and the main job
	board/cross-test.sh

image: setup ## the card of a board: BOARD=qemu-amd64 or qemu-arm64, into target/image/BOARD
	@tests/setup.sh image
	board/image/make.sh "$(BOARD)"

vm-test: setup ## the image of BOARD in a virtual machine: first screen, ports, seals, a flipped bit
	@tests/setup.sh image
	board/image/vm-test.sh "$(BOARD)"

bundle: ## the image of BOARD as a signed update, after make image
	board/image/bundle.sh "$(BOARD)"

update-test: setup ## good and bad updates of BOARD in a virtual machine, after make image
	board/image/update-test.sh "$(BOARD)"

flash: ## write the image of BOARD onto a card and read it back: DEV=/dev/sdX
	board/image/flash.sh "target/image/$(BOARD)/disk.img.zst" "$(DEV)"

yocto-check: ## the Yocto layer's dry run, not as root: LAYERS=folder of upstream layers BUILD=folder
	yocto-layer/check.sh "$(LAYERS)" "$(BUILD)"

train-ocr: setup ## make the line reader anew, an hour of two cores; STEPS=100000 for longer, SIZE=large
	models/reader/train.sh

eval-ocr: setup ## our reader and Tesseract on the same drawn pages: the table of docs/reading-table.md
	@tests/setup.sh eval
	cargo build --release $(PROGRAMS) --bin eval-ocr
	$(OUT)/release/eval-ocr --write docs/reading-table.md

eval-card: setup ## identity cards drawn and worn, read by `kiosk card`: the table of docs/card-table.md
	cargo build --release $(PROGRAMS) --bin eval-card
	$(OUT)/release/eval-card --readers --write docs/card-table.md

models: setup ## install the face models that are not ours, pinned by digest, into target/models
	@ls -l target/models

eval-face: setup ## error rates on a face set, a folder for each person: DIR=…; curve in target/det.svg
	cargo build --release --locked --workspace --example eval-face
	$(OUT)/release/examples/eval-face "$(DIR)" target/det.svg

eval-liveness: setup ## drawn people and attacks: the table of docs/face.md
	cargo build --release --locked --workspace --example eval-liveness
	$(OUT)/release/examples/eval-liveness --write docs/face.md

eval-kinds: setup ## kinds and fields of drawn papers: the table of docs/kinds-table.md
	@tests/setup.sh eval
	cargo build --release --bin eval-kinds
	$(OUT)/release/eval-kinds --write docs/kinds-table.md

clean: ## remove everything that was built or downloaded here
	rm -rf $(OUT) target || sudo rm -rf $(OUT) target

.PHONY: help setup demo test sim sim-long lint bench reliability sim-mutants fuzz cross cross-test \
	image vm-test bundle update-test flash yocto-check train-ocr \
	eval-ocr eval-card eval-kinds models eval-face eval-liveness clean

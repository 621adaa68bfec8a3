# mflc: make, make demo, make check, make bench, make asan, make install. Object files go to $(BUILD).
BUILD   ?= build
CC      ?= gcc
LLVM    ?= llvm-config-19
CLANG   ?= clang-19
OPT     ?= -O2 -g
WARN     = -Wall -Wextra -Wno-missing-field-initializers -Wno-unused-parameter
LAYERS   = base ir front opt diff lower plan emit driver
# What each layer may include; nothing else is on its include path.
SEES_base   =
SEES_ir     = base
SEES_front  = base ir
SEES_opt    = base ir
SEES_diff   = base ir opt
SEES_lower  = base ir
SEES_plan   = base ir diff opt lower
SEES_emit   = base ir lower
SEES_driver = base front ir opt diff lower plan emit
SRC      = $(foreach l,$(LAYERS),$(wildcard compiler/$(l)/*.c))
OBJ      = $(SRC:compiler/%.c=$(BUILD)/%.o) $(BUILD)/front/parse.o $(BUILD)/front/lex.o $(BUILD)/front/std_text.o $(BUILD)/emit/vmath_bc.o $(BUILD)/emit/python_host.o
LIBOBJ   = $(filter-out $(BUILD)/driver/main.o,$(OBJ))
RTOBJ    = $(patsubst runtime/%.c,$(BUILD)/runtime/%.o,$(wildcard runtime/*.c))
LLVM_C   = $(shell $(LLVM) --cflags)
LIBS     = $(shell $(LLVM) --ldflags) -lLLVM-19 -lopenblas -ljansson -lz -lm -lpthread
STD      = $(wildcard compiler/std/*.mfl)

# `make` alone builds; demo, check and bench first install what is missing.
all: $(BUILD)/mflc $(BUILD)/libmfl_runtime.a $(BUILD)/libmflc.so

$(BUILD)/mflc: $(OBJ) $(RTOBJ)
	$(CC) $(OPT) -rdynamic -o $@ $^ $(LIBS)
# The compiler as a library (include/mfl/mfl.h), with the runtime in it: what is compiled in memory calls that.
$(BUILD)/libmflc.so: $(LIBOBJ) $(RTOBJ) runtime/packaging/libmflc.map
	$(CC) $(OPT) -shared -Wl,-soname,libmflc.so -Wl,--version-script=runtime/packaging/libmflc.map -o $@ $(LIBOBJ) $(RTOBJ) $(LIBS)
$(BUILD)/libmfl_runtime.a: $(RTOBJ)
	rm -f $@ && ar rcs $@ $^

define layer
$(BUILD)/$(1)/%.o: compiler/$(1)/%.c
	@mkdir -p $$(@D)
	$$(CC) -std=gnu11 $$(OPT) -fPIC $$(WARN) $(patsubst %,-Icompiler/%,$(1) $(SEES_$(1))) -Iinclude $(if $(filter front,$(1)),-I$$(BUILD)/front) $(if $(filter emit driver,$(1)),$$(LLVM_C)) -MMD -c $$< -o $$@
endef
$(foreach l,$(LAYERS),$(eval $(call layer,$(l))))

# The runtime is C99; vector code relies on -O3, and on no contraction for equal bits everywhere.
$(BUILD)/runtime/%.o: runtime/%.c
	@mkdir -p $(@D)
	$(CC) -std=c99 -O3 -g -fno-math-errno -fno-trapping-math -ffp-contract=off -fPIC -Wall -Wextra -pedantic -Wdouble-promotion -Iinclude -DMFL_USE_BLAS=1 -MMD -c $< -o $@

$(BUILD)/front/parse.c $(BUILD)/front/parse.h: compiler/front/parse.y
	@mkdir -p $(@D)
	bison -Wall -Werror --header=$(BUILD)/front/parse.h -o $(BUILD)/front/parse.c $<
$(BUILD)/front/lex.c: compiler/front/lex.l
	@mkdir -p $(@D)
	flex -o $@ --header-file=$(BUILD)/front/lex.h $<
$(BUILD)/front/parse.o $(BUILD)/front/lex.o: $(BUILD)/front/%.o: $(BUILD)/front/%.c $(BUILD)/front/parse.h $(BUILD)/front/lex.c
	$(CC) -std=gnu11 $(OPT) -fPIC -Wall -Wno-unused-function -Wno-unused-but-set-variable -I$(BUILD)/front -Icompiler/front -Icompiler/base -Icompiler/ir -MMD -c $< -o $@
# The standard library as one C table: { file name, text }.
$(BUILD)/front/std_text.c: $(STD) Makefile
	@mkdir -p $(@D)
	@{ echo '#include <stddef.h>'; echo 'const struct StdFile { const char *name, *text; } std_files[] = {'; \
	for f in $(sort $(STD)); do printf '{ "std/%s",\n' $$(basename $$f); sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $$f; echo '},'; done; \
	echo '{ NULL, NULL } };'; } > $@
$(BUILD)/front/std_text.o: $(BUILD)/front/std_text.c
	$(CC) -std=gnu11 $(OPT) -fPIC -c $< -o $@
# Scalar math as LLVM bitcode inside the binary: the JIT inlines what generated C includes.
$(BUILD)/emit/vmath.bc: runtime/vmath_bc.src include/mfl/vmath.h
	@mkdir -p $(@D)
	$(CLANG) -x c -std=c11 -O2 -Xclang -disable-llvm-passes -ffp-contract=off -fno-math-errno -Iinclude -emit-llvm -c $< -o $@
$(BUILD)/emit/vmath_bc.o: $(BUILD)/emit/vmath.bc
	printf '.section .rodata\n.global vmath_bc_start\n.global vmath_bc_end\n.balign 16\nvmath_bc_start:\n.incbin "$<"\nvmath_bc_end:\n.section .note.GNU-stack,"",@progbits\n' > $(BUILD)/emit/vmath_bc.s && $(CC) -c $(BUILD)/emit/vmath_bc.s -o $@
# The part of NAME.py that all problems share.
$(BUILD)/emit/python_host.o: compiler/emit/python_host.py
	@mkdir -p $(@D)
	printf '.section .rodata\n.global python_host_start\n.global python_host_end\npython_host_start:\n.incbin "$<"\npython_host_end:\n.section .note.GNU-stack,"",@progbits\n' > $(BUILD)/emit/python_host.s && $(CC) -c $(BUILD)/emit/python_host.s -o $@
-include $(wildcard $(BUILD)/*/*.d)

# ---- the two commands of the README ----
setup:
	@sh .ci/setup build
setup-tests:
	@sh .ci/setup build tests
demo: setup
	@$(MAKE) --no-print-directory -j2 all
	$(BUILD)/mflc run examples/ridge.mfl -o $(BUILD)/ridge-result
check: setup-tests
	@$(MAKE) --no-print-directory -j2 all tests
	@BUILD=$(BUILD) sh tests/run_all.sh

# ---- tests ----
UNIT     = $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c tests/ops/test_*.c tests/errors/test_*.c))
TESTINC  = $(patsubst %,-Icompiler/%,$(LAYERS)) -Iinclude -Itests/unit -I$(BUILD)/front $(LLVM_C)
tests: $(UNIT) $(BUILD)/tests/compare
$(BUILD)/tests/compare: tests/reference/compare.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(OPT) $(WARN) -o $@ $< -lm
$(UNIT): $(BUILD)/tests/%: tests/%.c $(wildcard tests/unit/*.h tests/unit/lir_interpret.c) $(LIBOBJ) $(RTOBJ)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(OPT) $(WARN) -Wno-unused-function -DMFL_TOP='"$(CURDIR)"' $(TESTINC) -rdynamic -o $@ $< $(if $(filter %test_lower,$@),$(wildcard tests/unit/lir_interpret.c)) $(LIBOBJ) $(RTOBJ) -lcriterion $(LIBS)

# Takes today's output of the passes, and today's generated C, as the expected one: read the difference before it is committed.
promote: all
	PROMOTE=1 sh tests/passes/run.sh "$(CURDIR)/$(BUILD)/mflc" $(BUILD)
	PROMOTE=1 sh tests/golden/run.sh "$(CURDIR)/$(BUILD)/mflc" $(BUILD)

# The same tests under the address, undefined-behaviour and leak sanitizers.
asan: setup-tests
	@$(MAKE) --no-print-directory -j2 BUILD=$(BUILD)/asan OPT="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer" all tests
	@BUILD=$(BUILD)/asan ASAN=1 sh tests/run_all.sh

# ---- measuring ----
peers:
	@sh .ci/setup peers
	python3 -m venv .peers && .peers/bin/pip install -q -r tests/bench/requirements.txt
peers-torch:
	python3 -m venv .torch && .torch/bin/pip install -q -r tests/bench/requirements-torch.txt
bench: setup all
	sh tests/bench/run.sh $(BUILD)/mflc

# ---- installing ----
PREFIX ?= /usr/local
DEST    = $(DESTDIR)$(PREFIX)
install: all
	install -d "$(DEST)/bin" "$(DEST)/include/mfl" "$(DEST)/lib/cmake/mfl" "$(DEST)/lib/pkgconfig"
	install $(BUILD)/mflc "$(DEST)/bin/mflc"
	install -m 644 $(BUILD)/libmfl_runtime.a "$(DEST)/lib/"
	install $(BUILD)/libmflc.so "$(DEST)/lib/"
	install -m 644 include/mfl/*.h "$(DEST)/include/mfl/"
	install -m 644 runtime/packaging/*.cmake "$(DEST)/lib/cmake/mfl/"
	install -m 644 runtime/packaging/*.pc "$(DEST)/lib/pkgconfig/"
# Folders that are then empty go too, but the system's own.
uninstall:
	rm -f "$(DEST)/bin/mflc" "$(DEST)/lib/libmfl_runtime.a" "$(DEST)/lib/libmflc.so" "$(DEST)/lib/pkgconfig/mfl.pc" "$(DEST)/lib/pkgconfig/mflc.pc"
	rm -rf "$(DEST)/include/mfl" "$(DEST)/lib/cmake/mfl"
	@$(if $(filter /usr /usr/local,$(DEST)),,for d in lib/cmake lib/pkgconfig lib include bin ""; do rmdir "$(DEST)/$$d" 2> /dev/null || :; done)
clean:
	rm -rf $(BUILD)
.PHONY: all setup setup-tests demo check tests promote asan peers peers-torch bench install uninstall clean

/* parse.y -- the grammar of .mfl files. A line end means nothing: a statement ends where the next token cannot continue it.
 *
 * Recovery: an error inside a declaration skips to the next word that starts one; the word that is the error does not, in a line. A bracket that is still open when a declaration starts at the
 * first column, or when the file ends, is reported where it was opened. */
%require "3.8"
%define api.pure full
%define api.prefix {mfl_}
%define api.token.prefix {T_}
%define api.location.type {Span}
%define parse.error custom
%define parse.lac full
%locations
%initial-action { @$ = (Span){ syn->src, { 1, 1, 0 }, { 1, 1, 0 } }; }
%param { void *scanner }
%param { Syntax *syn }
%code requires { #include "syntax.h" }
%code provides { int mfl_lex(MFL_STYPE *, Span *, void *scanner, Syntax *syn); }
%code {
#include <stdlib.h>
#define YYLLOC_DEFAULT(Cur, Rhs, N) do { if (N) { (Cur) = YYRHSLOC(Rhs, 1); (Cur).last = YYRHSLOC(Rhs, N).last; } \
                                         else { (Cur) = YYRHSLOC(Rhs, 0); (Cur).first = (Cur).last; } } while (0)
#define YYMAXDEPTH 20000
static void mfl_error(const Span *at, void *scanner, Syntax *syn, const char *msg)
{
    (void)scanner;
    if (!syn->too_deep)
        diag_error(syn->diags, *at, NULL, "%s", !strcmp(msg, "memory exhausted") ? "this is nested too deeply" : msg);
    syn->too_deep = true;
}
#define PUSH(list, ...) vec_push(syn->arena, list, __VA_ARGS__)
#define LIST(T) NEW(syn->arena, T)
static TypeRef type_named(Syntax *, NameAt, Expr *bound);
static void sizes_of_type(Syntax *, NameAt);
static NameAt name_at(Name n, Span s) { return (NameAt){ n, s }; }
static Body *body_of(Syntax *syn, StmtList *l, Span span, Span close)
{
    Body *b = NEW(syn->arena, Body);
    b->stmt = l->at;
    b->nstmt = l->n;
    b->span = span;
    b->close = close;
    return b;
}
static Body *body_is(Syntax *syn, Expr *e)
{
    Body *b = NEW(syn->arena, Body);
    b->is_expr = true;
    b->stmt = NEW(syn->arena, Stmt);
    b->nstmt = 1;
    *b->stmt = (Stmt){ .kind = S_RETURN, .span = e->span, .at = e->span, .value = e };
    b->span = e->span;
    return b;
}
}
%union { double num; Name name; char *text; Expr *e; ExprList *exprs; ArgList *args; Arg arg; ItemList *items; Item item; NameList *names; NameAt at; Stmt stmt; StmtList *stmts;
         StateList *states; Declared declared; DeclaredList *declareds; TypeRef type; Body *body; }
%token END 0 "end of file"
%token PROBLEM "`problem`" DIM "`dim`" DATA "`data`" TASK "`task`" META "`meta`" PARAM "`param`" STRUCT "`struct`" FN "`fn`" CONST "`const`" INNER "`inner`" STEP "`step`" OUTER "`outer`"
%token PATH "`outer over steps`" OPTIMUM "`outer at optimum`" TRUNCATE "`truncate`" LEARN "`learn`" OPTIMIZER "`optimizer`" IMPORT "`import`"
%token RETURN "`return`" STATE "`state`" IF "`if`" THEN "`then`" ELSE "`else`" AND "`and`" OR "`or`" NOT "`not`" FOR "`for`" IN "`in`" NONE_ "`none`" BY "`by`" LIKE "`like`" LOG "`log`" FROM "`from`"
%token LE "`<=`" GE "`>=`" EQ "`==`" NE "`!=`"
%token <num> NUMBER "a number"
%token <name> NAME "a name"
%token <text> STRING "a string" COLUMNS "`columns`"
%nterm <e> expr primary postfix opt_init opt_expr
%nterm <exprs> exprs sizes opt_sizes
%nterm <args> args arglist
%nterm <arg> arg
%nterm <items> items
%nterm <item> item
%nterm <names> names opt_names
%nterm <stmt> stmt
%nterm <stmts> stmts
%nterm <states> states
%nterm <declared> declared dimension
%nterm <declareds> fields formals formal_list
%nterm <type> opt_type
%nterm <at> opt_like
%nterm <body> body block
%precedence IFX
%left OR
%left AND
%precedence NOT
%nonassoc '<' '>' LE GE EQ NE
%left '+' '-'
%left '*' '/' '%' '@'
%precedence NEG
%right '^'
%%
file: decls ;
decls: %empty | decls decl | decls error { syn->open.n = 0; if (syn->skip) yyclearin; syn->skip = false; } ;

decl:
    PROBLEM NAME               { syntax_add(syn, (Decl){ .kind = D_PROBLEM, .span = @$, .keyword = @1, .name = name_at($2, @2) }); yyerrok; }
  | DIM dims                   { yyerrok; }
  | CONST NAME '=' expr        { Declared *d = NEW(syn->arena, Declared); *d = (Declared){ .name = name_at($2, @2), .span = @$, .init = $4 };
                                 syntax_add(syn, (Decl){ .kind = D_CONST, .span = @$, .keyword = @1, .name = d->name, .declared = d }); yyerrok; }
  | DATA arrays_data           { yyerrok; }
  | TASK DATA arrays_task      { yyerrok; }
  | META arrays_meta           { yyerrok; }
  | PARAM arrays_param         { yyerrok; }
  | STRUCT NAME opt_names '{' fields '}'  { syntax_add(syn, (Decl){ .kind = D_STRUCT, .span = @$, .keyword = @1, .name = name_at($2, @2), .size = $3->at, .nsize = $3->n, .item = $5->at, .nitem = $5->n }); yyerrok; }
  | FN NAME '(' formals ')' body
                               { syntax_add(syn, (Decl){ .kind = D_FN, .span = @$, .keyword = @1, .name = name_at($2, @2), .item = $4->at, .nitem = $4->n, .body = $6 }); yyerrok; }
  | INNER body                 { syntax_add(syn, (Decl){ .kind = D_INNER, .span = @$, .keyword = @1, .body = $2 }); yyerrok; }
  | OUTER body                 { syntax_add(syn, (Decl){ .kind = D_OUTER, .span = @$, .keyword = @1, .body = $2 }); yyerrok; }
  | PATH body                  { syntax_add(syn, (Decl){ .kind = D_PATH, .span = @$, .keyword = @1, .body = $2 }); yyerrok; }
  | OPTIMUM body               { syntax_add(syn, (Decl){ .kind = D_OUTER_AT_OPTIMUM, .span = @$, .keyword = @1, .body = $2 }); yyerrok; }
  | STEP names BY NAME '(' args ')' FOR expr
                               { syntax_add(syn, (Decl){ .kind = D_STEP, .span = @$, .keyword = @1, .target = $2->at, .ntarget = $2->n, .rule = name_at($4, @4), .arg = $6->at, .narg = $6->n, .count = $9 }); yyerrok; }
  | TRUNCATE expr              { syntax_add(syn, (Decl){ .kind = D_TRUNCATE, .span = @$, .keyword = @1, .count = $2 }); yyerrok; }
  | LEARN names BY NAME '(' args ')' FOR expr
                               { syntax_add(syn, (Decl){ .kind = D_LEARN, .span = @$, .keyword = @1, .target = $2->at, .ntarget = $2->n, .rule = name_at($4, @4), .arg = $6->at, .narg = $6->n, .count = $9 }); yyerrok; }
  | OPTIMIZER NAME '(' formals ')' NAME NAME ',' NAME block
                               { if (strcmp($6, "on")) diag_error(syn->diags, @6, NULL, "unexpected `%s`; expected `on`: optimizer name(...) on p, g", $6);
                                 syntax_add(syn, (Decl){ .kind = D_OPTIMIZER, .span = @$, .keyword = @1, .name = name_at($2, @2), .item = $4->at, .nitem = $4->n, .p = name_at($7, @7), .g = name_at($9, @9), .body = $10 }); yyerrok; }
  | IMPORT STRING              { syntax_add(syn, (Decl){ .kind = D_IMPORT, .span = @$, .keyword = @1, .path = $2, .path_span = @2 }); yyerrok; }
  ;

dims: dimension                { Declared *d = NEW(syn->arena, Declared); *d = $1; syntax_add(syn, (Decl){ .kind = D_DIM, .span = @1, .keyword = @0, .name = d->name, .declared = d }); }
  | dims ',' dimension         { Declared *d = NEW(syn->arena, Declared); *d = $3; syntax_add(syn, (Decl){ .kind = D_DIM, .span = @3, .keyword = @0, .name = d->name, .declared = d, .joined = true }); }
  ;
dimension: NAME opt_init       { $$ = (Declared){ .name = name_at($1, @1), .span = @$, .init = $2 }; } ;
arrays_data: declared          { Declared *d = NEW(syn->arena, Declared); *d = $1; comment_for(syn, d); syntax_add(syn, (Decl){ .kind = D_DATA, .span = @1, .keyword = @0, .name = d->name, .declared = d, .comment = d->comment }); }
  | arrays_data ',' declared   { Declared *d = NEW(syn->arena, Declared); *d = $3; comment_for(syn, d); syntax_add(syn, (Decl){ .kind = D_DATA, .span = @3, .keyword = @0, .name = d->name, .declared = d, .joined = true, .comment = d->comment }); }
  ;
arrays_task: declared          { Declared *d = NEW(syn->arena, Declared); *d = $1; comment_for(syn, d); syntax_add(syn, (Decl){ .kind = D_DATA, .task = true, .span = @1, .keyword = @0, .name = d->name, .declared = d, .comment = d->comment }); }
  | arrays_task ',' declared   { Declared *d = NEW(syn->arena, Declared); *d = $3; comment_for(syn, d); syntax_add(syn, (Decl){ .kind = D_DATA, .task = true, .span = @3, .keyword = @0, .name = d->name, .declared = d, .joined = true, .comment = d->comment }); }
  ;
arrays_meta: declared          { Declared *d = NEW(syn->arena, Declared); *d = $1; comment_for(syn, d); syntax_add(syn, (Decl){ .kind = D_META, .span = @1, .keyword = @0, .name = d->name, .declared = d, .comment = d->comment }); }
  | arrays_meta ',' declared   { Declared *d = NEW(syn->arena, Declared); *d = $3; comment_for(syn, d); syntax_add(syn, (Decl){ .kind = D_META, .span = @3, .keyword = @0, .name = d->name, .declared = d, .joined = true, .comment = d->comment }); }
  ;
arrays_param: declared         { Declared *d = NEW(syn->arena, Declared); *d = $1; comment_for(syn, d); syntax_add(syn, (Decl){ .kind = D_PARAM, .span = @1, .keyword = @0, .name = d->name, .declared = d, .comment = d->comment }); }
  | arrays_param ',' declared  { Declared *d = NEW(syn->arena, Declared); *d = $3; comment_for(syn, d); syntax_add(syn, (Decl){ .kind = D_PARAM, .span = @3, .keyword = @0, .name = d->name, .declared = d, .joined = true, .comment = d->comment }); }
  ;

/* name[sizes] : type like other = init from "file" columns ... */
declared: NAME opt_sizes opt_type opt_like opt_init
                               { $$ = (Declared){ .name = name_at($1, @1), .span = @$, .size = $2->at, .nsize = $2->n, .type = $3, .like = $4, .init = $5 }; }
  | NAME opt_sizes opt_type opt_like opt_init FROM STRING
                               { $$ = (Declared){ .name = name_at($1, @1), .span = @$, .size = $2->at, .nsize = $2->n, .type = $3, .like = $4, .init = $5, .from = $7, .from_span = @7 }; }
  | NAME opt_sizes opt_type opt_like opt_init FROM STRING COLUMNS
                               { $$ = (Declared){ .name = name_at($1, @1), .span = @$, .size = $2->at, .nsize = $2->n, .type = $3, .like = $4, .init = $5, .from = $7, .from_span = @7, .columns = $8, .columns_span = @8 }; }
  ;
opt_sizes: %empty              { $$ = LIST(ExprList); } | sizes ;
sizes: '[' exprs ']'           { $$ = $2; } ;
opt_type: %empty               { $$ = (TypeRef){ .kind = TYPE_NONE }; }
  | ':' NAME                   { $$ = type_named(syn, name_at($2, @2), NULL); }
  | ':' NAME sizes             { sizes_of_type(syn, name_at($2, @2)); $$ = (TypeRef){ .kind = TYPE_STRUCT, .name = $2, .span = @2, .size = $3->at, .nsize = $3->n, .brackets = true }; }
  | ':' NAME '(' expr ')'      { $$ = type_named(syn, name_at($2, @2), $4); }
  ;
opt_like: %empty               { $$ = (NameAt){ NULL, { 0 } }; } | LIKE NAME { $$ = name_at($2, @2); } ;
opt_init: %empty               { $$ = NULL; } | '=' expr { $$ = $2; } ;
fields: %empty                 { $$ = LIST(DeclaredList); } | fields declared { $$ = $1; PUSH(*$$, $2); } ;
formals: %empty                { $$ = LIST(DeclaredList); } | formal_list ;
formal_list: declared          { $$ = LIST(DeclaredList); PUSH(*$$, $1); } | formal_list ',' declared { $$ = $1; PUSH(*$$, $3); } ;
names: NAME                    { $$ = LIST(NameList); PUSH(*$$, name_at($1, @1)); } | names ',' NAME { $$ = $1; PUSH(*$$, name_at($3, @3)); } ;
opt_names: %empty              { $$ = LIST(NameList); } | '[' names ']' { $$ = $2; } ;

body: '=' expr                 { $$ = body_is(syn, $2); } | block ;
block: '{' stmts '}'           { $$ = body_of(syn, $2, @$, @3); } ;
stmts: %empty                  { $$ = LIST(StmtList); } | stmts stmt { $$ = $1; PUSH(*$$, $2); } ;
stmt:
    NAME '=' expr              { $$ = (Stmt){ .kind = S_LET, .span = @$, .at = @1, .name = name_at($1, @1), .value = $3 }; }
  | NAME '[' items ']' '=' expr
                               { $$ = (Stmt){ .kind = S_LET_INDEX, .span = @$, .at = @1, .name = name_at($1, @1), .item = $3->at, .nitem = $3->n, .value = $6 }; }
  | RETURN expr                { $$ = (Stmt){ .kind = S_RETURN, .span = @$, .at = @1, .value = $2 }; }
  | LOG NAME '=' expr          { $$ = (Stmt){ .kind = S_LOG, .span = @$, .at = @1, .name = name_at($2, @2), .value = $4 }; }
  | STATE states               { $$ = (Stmt){ .kind = S_STATE, .span = @$, .at = @1, .state = $2->at, .nstate = $2->n }; }
  | FOR NAME IN expr block     { $$ = (Stmt){ .kind = S_FOR_EACH, .span = @$, .at = @1, .name = name_at($2, @2), .value = $4, .body = $5 }; }
  | FOR NAME IN expr ':' expr block { $$ = (Stmt){ .kind = S_FOR_RANGE, .span = @$, .at = @1, .name = name_at($2, @2), .lo = $4, .hi = $6, .body = $7 }; }
  ;
states: NAME '=' expr          { $$ = LIST(StateList); PUSH(*$$, (StateVar){ name_at($1, @1), $3 }); }
  | states ',' NAME '=' expr   { $$ = $1; PUSH(*$$, (StateVar){ name_at($3, @3), $5 }); } ;

expr: postfix
  | expr '+' expr { $$ = expr_binary(syn, B_ADD, $1, @2, $3); } | expr '-' expr { $$ = expr_binary(syn, B_SUB, $1, @2, $3); }
  | expr '*' expr { $$ = expr_binary(syn, B_MUL, $1, @2, $3); } | expr '/' expr { $$ = expr_binary(syn, B_DIV, $1, @2, $3); }
  | expr '%' expr { $$ = expr_binary(syn, B_MOD, $1, @2, $3); }
  | expr '@' expr { $$ = expr_binary(syn, B_MATMUL, $1, @2, $3); } | expr '^' expr { $$ = expr_binary(syn, B_POW, $1, @2, $3); }
  | expr '<' expr { $$ = expr_binary(syn, B_LT, $1, @2, $3); } | expr LE expr { $$ = expr_binary(syn, B_LE, $1, @2, $3); }
  | expr '>' expr { $$ = expr_binary(syn, B_GT, $1, @2, $3); } | expr GE expr { $$ = expr_binary(syn, B_GE, $1, @2, $3); }
  | expr EQ expr  { $$ = expr_binary(syn, B_EQ, $1, @2, $3); } | expr NE expr { $$ = expr_binary(syn, B_NE, $1, @2, $3); }
  | expr AND expr { $$ = expr_binary(syn, B_AND, $1, @2, $3); } | expr OR expr { $$ = expr_binary(syn, B_OR, $1, @2, $3); }
  | '-' expr %prec NEG { $$ = expr_new(syn, E_NEG, @$, @1); $$->a = $2; $$->depth = $2->depth + 1; }
  | NOT expr      { $$ = expr_new(syn, E_NOT, @$, @1); $$->a = $2; $$->depth = $2->depth + 1; }
  | IF expr THEN expr ELSE expr %prec IFX
                  { $$ = expr_new(syn, E_IF, @$, @1); $$->a = $2; $$->b = $4; $$->c = $6;
                    int d = $2->depth > $4->depth ? $2->depth : $4->depth; $$->depth = 1 + (d > $6->depth ? d : $6->depth); }
  ;
postfix: primary
  | postfix '[' items ']'      { $$ = expr_new(syn, E_INDEX, @$, $1->at); $$->a = $1; $$->item = $3->at; $$->nitem = $3->n; $$->name = $1->name; $$->depth = $1->depth + 1; }
  | postfix '[' items ']' '(' expr ')'
                               { $$ = expr_over(syn, $1, $3, $6, @$); }
  | postfix '.' NAME           { $$ = expr_new(syn, E_FIELD, @$, @3); $$->a = $1; $$->name = $3; $$->depth = $1->depth + 1; }
  ;
primary: NUMBER                { $$ = expr_new(syn, E_NUM, @$, @1); $$->num = $1; const char *t = syn->src->text + @1.first.off; size_t n = @1.last.off - @1.first.off;
                                 $$->whole = !memchr(t, '.', n) && !memchr(t, 'e', n) && !memchr(t, 'E', n) && $1 < 0x1p53; }
  | NAME                       { $$ = expr_new(syn, E_NAME, @$, @1); $$->name = $1; }
  | STEP                       { $$ = expr_new(syn, E_NAME, @$, @1); $$->name = intern("step"); }
  | NAME '(' args ')'          { $$ = expr_new(syn, E_CALL, @$, @1); $$->name = $1; $$->arg = $3->at; $$->narg = $3->n;
                                 for (int k = 0; k < $3->n; k++) if ($3->at[k].value->depth >= $$->depth) $$->depth = $3->at[k].value->depth + 1; }
  | '(' expr ')'               { $$ = $2; $$->parens = true; $$->nparens++; $$->span = @$; }
  ;
args: %empty                   { $$ = LIST(ArgList); } | arglist ;
arglist: arg                   { $$ = LIST(ArgList); PUSH(*$$, $1); } | arglist ',' arg { $$ = $1; PUSH(*$$, $3); } ;
arg: expr                      { $$ = (Arg){ { NULL, { 0 } }, $1 }; } | NAME '=' expr { $$ = (Arg){ name_at($1, @1), $3 }; } ;
exprs: expr                    { $$ = LIST(ExprList); PUSH(*$$, $1); } | exprs ',' expr { $$ = $1; PUSH(*$$, $3); } ;
items: item                    { $$ = LIST(ItemList); PUSH(*$$, $1); } | items ',' item { $$ = $1; PUSH(*$$, $3); } ;
item: expr                     { $$ = (Item){ .kind = ITEM_AT, .span = @$, .at = $1 }; }
  | opt_expr ':' opt_expr      { $$ = (Item){ .kind = ITEM_SLICE, .span = @$, .lo = $1, .hi = $3 }; if (!$1 && !$3) $$.span = @2; }
  | NONE_                      { $$ = (Item){ .kind = ITEM_NONE, .span = @$ }; } ;
opt_expr: %empty               { $$ = NULL; } | expr ;
%%
static bool starts_declaration(yysymbol_kind_t t)
{
    switch (t) {
    case YYSYMBOL_PROBLEM: case YYSYMBOL_DIM: case YYSYMBOL_DATA: case YYSYMBOL_TASK: case YYSYMBOL_META: case YYSYMBOL_PARAM: case YYSYMBOL_STRUCT: case YYSYMBOL_FN:
    case YYSYMBOL_CONST: case YYSYMBOL_INNER: case YYSYMBOL_STEP: case YYSYMBOL_OUTER: case YYSYMBOL_PATH: case YYSYMBOL_OPTIMUM: case YYSYMBOL_TRUNCATE: case YYSYMBOL_LEARN:
    case YYSYMBOL_OPTIMIZER: case YYSYMBOL_IMPORT: return true;
    default: return false;
    }
}

static bool is_operator(yysymbol_kind_t t)
{
    const char *n = yysymbol_name(t);
    return (n[0] == '\'' && strchr("+-*/%@^<>", n[1])) || t == YYSYMBOL_LE || t == YYSYMBOL_GE || t == YYSYMBOL_EQ || t == YYSYMBOL_NE || t == YYSYMBOL_AND || t == YYSYMBOL_OR;
}

/* What may stand here, with operators, expressions and declarations summed up. */
static void expected_text(Buf *b, const yysymbol_kind_t *set, int n)
{
    bool expr = false, op = false, decl = false, name = false, first = true;
    for (int k = 0; k < n; k++) {
        expr |= set[k] == YYSYMBOL_NUMBER;
        name |= set[k] == YYSYMBOL_NAME;
        op |= is_operator(set[k]);
        decl |= starts_declaration(set[k]) && set[k] != YYSYMBOL_STEP;
    }
#define ADD(...) (buf_puts(b, first ? "" : ", "), buf_printf(b, __VA_ARGS__), first = false)
    for (int k = 0; k < n; k++) {
        const char *t = yysymbol_name(set[k]);
        bool punctuation = t[0] == '\'' && strchr(",)]}=:{", t[1]);
        if (n == 1 && !strcmp(t, "'('"))
            ADD("`(`");
        else if (punctuation && !(expr && t[1] == ':'))
            ADD("`%c`", t[1]);
        else if (!expr && !name && !is_operator(set[k]) && t[0] == '`' && !starts_declaration(set[k]))
            ADD("%s", t);
        else if (set[k] == YYSYMBOL_ELSE || set[k] == YYSYMBOL_THEN || set[k] == YYSYMBOL_BY || set[k] == YYSYMBOL_FOR || set[k] == YYSYMBOL_IN || set[k] == YYSYMBOL_STRING)
            ADD("%s", t);
    }
    if (expr)
        ADD("an expression");
    else if (name)
        ADD("a name");
    else if (op)
        ADD("an operator");
    if (decl)
        ADD("a declaration");
#undef ADD
}

/* `a : real[3]`, `k : index[4]` */
static void sizes_of_type(Syntax *syn, NameAt name)
{
    if (!strcmp(name.name, "index"))
        diag_error(syn->diags, name.span, NULL, "index needs its bound in parentheses: `index(C)` for integers in 0 .. C-1");
    else if (!strcmp(name.name, "real") || !strcmp(name.name, "int"))
        diag_error(syn->diags, name.span, NULL, "the sizes of an array stand behind its name: `a[3] : %s`", name.name);
}

static TypeRef type_named(Syntax *syn, NameAt name, Expr *bound)
{
    bool real = !strcmp(name.name, "real"), whole = !strcmp(name.name, "int"), index = !strcmp(name.name, "index");
    if (index && !bound)
        diag_error(syn->diags, name.span, NULL, "index needs its bound: `index(C)` for integers in 0 .. C-1");
    if (bound && !index)
        diag_error(syn->diags, name.span, NULL, real || whole ? "%s has no bound: write `%s`" : "sizes of a struct stand in brackets: `%s[...]`", name.name, name.name);
    bool wrong = index != (bound != NULL);
    return (TypeRef){ .kind = real || (wrong && !whole) ? TYPE_REAL : whole ? TYPE_INT : index ? TYPE_INDEX : TYPE_STRUCT, .name = name.name, .span = name.span, .bound = index ? bound : NULL };
}

static char *token_text(const Syntax *syn, const Span *at, yysymbol_kind_t t)
{
    if (t == YYSYMBOL_YYEOF)
        return arena_printf(syn->arena, "the end of the file");
    size_t n = at->last.off - at->first.off;
    return arena_printf(syn->arena, "`%.*s`", (int)(n > 40 ? 40 : n), syn->src->text + at->first.off);
}

static bool first_of_line(const Syntax *syn, const Span *at)
{
    size_t k = at->first.off;
    while (k && (syn->src->text[k - 1] == ' ' || syn->src->text[k - 1] == '\t'))
        k--;
    return !k || syn->src->text[k - 1] == '\n' || syn->src->text[k - 1] == '\r';
}

/* `inner =` and nothing behind it, then `step w by ...` in a line of its own: `step` is read as the number of the step, the error is found behind it. */
static const Span *step_misread(const Syntax *syn, const Span *at)
{
    const Span *t = syn->tokens.at + syn->tokens.n - 2;
    bool step = syn->tokens.n > 2 && t[1].first.off == at->first.off && t->last.off - t->first.off == 4 && !memcmp(syn->src->text + t->first.off, "step", 4);
    return step && first_of_line(syn, t) && t[1].first.line == t->first.line ? t : NULL;
}

/* The word that a line begins with, where a declaration may begin: the nearest word that begins one. NULL: none is near. */
static Name near_keyword(const Syntax *syn, const Span *at, const yysymbol_kind_t *set, int n)
{
    Name known[YYNTOKENS];
    int nknown = 0;
    for (int k = 0; k < n && first_of_line(syn, at); k++)
        if (starts_declaration(set[k])) {
            const char *t = yysymbol_name(set[k]);
            known[nknown++] = intern_n(t + 1, strcspn(t + 1, " `"));
        }
    return nearest_name(intern_n(syn->src->text + at->first.off, at->last.off - at->first.off), known, nknown);
}

static int yyreport_syntax_error(const yypcontext_t *ctx, void *scanner, Syntax *syn)
{
    (void)scanner;
    yysymbol_kind_t token = yypcontext_token(ctx), set[YYNTOKENS];
    const Span *at = yypcontext_location(ctx);
    if (token == YYSYMBOL_YYerror || syn->too_deep)
        return 0;
    if (syn->open.n && (token == YYSYMBOL_YYEOF || (starts_declaration(token) && at->first.col == 1))) {
        Open o = syn->open.at[syn->open.n - 1];
        char close = o.what == '(' ? ')' : o.what == '[' ? ']' : '}';
        Diag *d = diag_error(syn->diags, o.span, "opened here", "this `%c` is never closed: a `%c` is missing", o.what, close);
        diag_note(syn->diags, d, *at, "a `%c` is expected before %s", close, token_text(syn, at, token));
        syn->open.n = 0;
        return 0;
    }
    Buf b = { 0 };
    int n = yypcontext_expected_tokens(ctx, set, YYNTOKENS);
    expected_text(&b, set, n);
    const char *hint = habit_at(syn, *at, b.n ? b.at : "");
    bool wants_name = false, wants_number = false, keyword = yysymbol_name(token)[0] == '`' && syn->src->text[at->first.off] >= 'a';
    for (int k = 0; k < n; k++) {
        wants_name |= set[k] == YYSYMBOL_NAME;
        wants_number |= set[k] == YYSYMBOL_NUMBER;
    }
    syn->skip = starts_declaration(token) && (syn->open.n ? at->first.col > 1 : keyword && wants_name && !first_of_line(syn, at));
    const Span *step = token == YYSYMBOL_NAME && !syn->open.n ? step_misread(syn, at) : NULL;
    Name near = token == YYSYMBOL_NAME && !syn->open.n && !hint ? near_keyword(syn, at, set, n) : NULL;
    if (step)
        diag_error(syn->diags, *step, "expected an expression", "unexpected `step`; expected an expression");
    else if (keyword && wants_name && !wants_number && n <= 2)
        diag_error(syn->diags, *at, "a name is expected", "%s is a word of the language and cannot be a name", token_text(syn, at, token));
    else if (hint)
        diag_error(syn->diags, *at, NULL, "unexpected %s: %s", token_text(syn, at, token), hint);
    else if (near)
        diag_error(syn->diags, *at, arena_printf(syn->arena, "did you mean `%s`?", near), "unexpected %s; did you mean `%s`?", token_text(syn, at, token), near);
    else
        diag_error(syn->diags, *at, b.n ? arena_printf(syn->arena, "expected %s", b.at) : NULL, "unexpected %s%s%s", token_text(syn, at, token), b.n ? "; expected " : "", b.n ? b.at : "");
    buf_free(&b);
    return 0;
}

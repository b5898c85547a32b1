//! Texts in, trees and diagnostics out.

use stackfleet_base::{Location, Sources};

use super::*;

/// Writes a tree in one line: spans as the text they cover.
fn show(node: &Node, text: &str, out: &mut String) {
    if let Some(tag) = &node.tag {
        assert_eq!(&text[tag.span.start..tag.span.end], &*tag.name);
        out.push_str(&tag.name);
        out.push(' ');
    }
    match &node.value {
        NodeValue::Scalar(scalar) => {
            let style = match scalar.style {
                ScalarStyle::Plain => "",
                ScalarStyle::SingleQuoted => "'",
                ScalarStyle::DoubleQuoted => "\"",
                ScalarStyle::Literal => "|",
                ScalarStyle::Folded => ">",
            };
            out.push_str(&format!("{style}{}", scalar.text.escape_debug()));
        }
        NodeValue::Sequence(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                show(item, text, out);
            }
            out.push(']');
        }
        NodeValue::Mapping(mapping) => {
            out.push('{');
            for (index, entry) in mapping.entries().iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                show(&entry.key, text, out);
                out.push_str(": ");
                show(&entry.value, text, out);
            }
            out.push('}');
        }
    }
}

fn check(text: &str) -> String {
    let mut sources = Sources::default();
    let (root, diagnostics) = read(sources.add("f", text), text);
    let mut out = String::new();
    if let Some(root) = &root {
        show(root, text, &mut out);
    }
    for found in diagnostics {
        let Location { line, column, .. } = sources.location(found.span().unwrap()).unwrap();
        out.push_str(&format!("\n{line}:{column} {} {}", found.code, found.message));
    }
    out
}

fn covered<'text>(node: &Node, text: &'text str) -> &'text str {
    &text[node.full_span().start..node.full_span().end]
}

fn tree(text: &str) -> Node {
    read(Sources::default().add("f", text), text).0.unwrap()
}

#[test]
fn yaml_keeps_tags_styles_and_order() {
    assert_eq!(
        check(
            "b: !Ref x\na:\n  - 'q'\n  - !Sub\n    - \"${y}\"\n    - {y: 012}\nc: |\n  l1\n  l2\nd: >-\n  f\n  g\ne:\n"
        ),
        "{b: !Ref x, a: ['q, !Sub [\"${y}, {y: 012}]], c: |l1\\nl2\\n, d: >f g, e: }"
    );
}

#[test]
fn json_and_yaml_give_the_same_tree() {
    assert_eq!(
        check("{\"a\":\t[1, true, null, -1.5e3, \"\\u00fc\\ud83d\\ude00\\n\"]}"),
        "{\"a: [1, true, null, -1.5e3, \"ü😀\\n]}"
    );
    assert_eq!(check("{a: [b, c]}"), "{a: [b, c]}");
}

#[test]
fn spans_cover_values_with_their_tags() {
    let text = "a:\n  x: 1   # note\n  y: !Sub \"ü${b}\"\n\nb: [1, 2] \nc: !If\n  - d\n  - e\n\n# end\n";
    let root = tree(text);
    assert_eq!(covered(root.get("a").unwrap(), text), "x: 1   # note\n  y: !Sub \"ü${b}\"");
    assert_eq!(covered(root.get("a").unwrap().get("y").unwrap(), text), "!Sub \"ü${b}\"");
    assert_eq!(covered(root.get("b").unwrap(), text), "[1, 2]");
    assert_eq!(covered(root.get("c").unwrap(), text), "!If\n  - d\n  - e");
    let text = "a: !Sub |-\n  one\n\n  two\n\n# note\nb:\n  - > # fold\n   x\n  # note\n  - y\n";
    assert_eq!(covered(tree(text).get("a").unwrap(), text), "!Sub |-\n  one\n\n  two");
    let items = tree(text).get("b").unwrap().as_sequence().unwrap().to_vec();
    assert_eq!(covered(&items[0], text), "> # fold\n   x");
    let text = "a:\n  x:\n\n# note\n\nb: 1\n";
    assert_eq!(covered(tree(text).get("a").unwrap(), text), "x:");
    let text = "{ \"a\" : { \"b\": \"c\" } , \"d\": 12}";
    assert_eq!(covered(tree(text).get("a").unwrap(), text), "{ \"b\": \"c\" }");
    assert_eq!(covered(tree(text).get("d").unwrap(), text), "12");
}

#[test]
fn aliases_are_expanded_and_remember_where_they_stood() {
    let text = "a: &x {k: 1}\nb: *x\nc: *y\n";
    assert_eq!(check(text), "{a: {k: 1}, b: {k: 1}, c: }\n3:4 YML004 the alias `*y` names no anchor above it");
    assert_eq!(covered(tree(text).get("b").unwrap(), text), "*x");
}

#[test]
fn typed_access_is_that_of_a_project_file() {
    let root = tree("id: 012345670123\nyes: yes\nt: true\nn: 25\nq: '25'\nf: 1.5\nnone:\n");
    let at = |key| root.get(key).unwrap();
    assert_eq!(at("id").as_str(), Some("012345670123"));
    assert_eq!((at("yes").as_bool(), at("t").as_bool()), (None, Some(true)));
    assert_eq!((at("n").as_u64(), at("q").as_u64(), at("f").as_f64()), (Some(25), None, Some(1.5)));
    assert_eq!((at("none").is_null(), at("none").as_str()), (true, None));
}

#[test]
fn problems_are_named_with_their_place() {
    assert_eq!(check("a: 1\nb: 2\na: 3\n"), "{a: 1, b: 2, a: 3}\n3:1 YML002 the key `a` occurs twice");
    assert_eq!(check(""), "\n1:1 YML001 the file is empty");
    assert_eq!(check("{\"a\": 1,\n }"), "{\"a: 1}");
    assert_eq!(check("{\"a\": 1,\n \"b\" 2}"), "\n2:6 YML001 not well-formed JSON: expected `:` after the key");
    assert_eq!(check("a: 1\n---\nb: 2\n"), "\n2:1 YML001 the file holds more than one document");
    assert!(check("a: [1, 2\nb: 3\n").contains("YML001 not well-formed YAML"));
    assert!(check("a: &x [*x]").contains("YML001 an alias stands inside"));
}

#[test]
fn depth_and_number_are_bounded() {
    assert!(check(&"[".repeat(10_000)).contains("YML003"));
    assert!(check(&"- ".repeat(10_000)).contains("YML001"));
    assert!(check(&"{\"a\":".repeat(10_000)).contains("YML003"));
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{},", level - 1).repeat(10);
        laughs.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    assert!(check(&laughs).contains("YML003 aliases repeat more than 100000 values"));
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "[-a{}\\[\\]:,&*!#|>'\" \n\t%@0-9]{0,80}") {
        let (root, diagnostics) = read(Sources::default().add("f", &text), &text);
        assert_eq!(root.is_none(), diagnostics.iter().any(|found| [SYNTAX, TOO_LARGE].contains(&found.code)));
    }
}

/// Both readers must agree wherever the quick one does not give up.
fn agree(text: &str) -> bool {
    let file = Sources::default().add("f", text);
    let Some(quick) = quick::read(file, text, &mut quick::TreeBuilder::default()) else { return false };
    let (complete, found) = events::read(file, text);
    assert!(found.is_empty(), "{found:?}\n{text}");
    assert_eq!(Some(quick), complete, "{text}");
    true
}

#[test]
fn the_quick_reader_knows_what_templates_are_made_of() {
    let text = "# c
---
A: 1 # c
'q': \"a\\nb\"

B:
  - x
  - y: 1
    z: !Sub '${a}'
  -
    w: |
      one

       two
    v: >-
      folded
      text

      more
  - - a
    - !If [C, {a: b, \"c\": [d, e]}, !Ref 'x']
C:
- indentless
- !GetAtt a.b
D: !GetAZs
E:
F: !If
  - c
  - arn:aws:x::y
  - key: !Join
      - ''
      - [a,
         b # c
        ]
G: {}
H: |
  end
";
    assert!(agree(text));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(500))]
    #[test]
    fn both_readers_agree(lines in proptest::collection::vec("( ){0,4}(- ){0,2}([ab]:( |)){0,1}(!T( |)){0,1}[-ab'\"{}\\[\\],:#|>&*!?\\\\ \t]{0,6}", 1..6)) {
        agree(&(lines.join("\n") + "\n"));
    }

    #[test]
    fn both_readers_agree_on_scalars_of_several_lines(
        head in "(a: |- |a:\n  - )(!T |)",
        open in "['\"x|>]",
        lines in proptest::collection::vec("( ){0,5}[xy'\"#:\\\\ \t]{0,5}", 1..6),
        close in "['\"x]",
        tail in "(\nb: c|\n  d|)\n",
    ) {
        agree(&format!("{head}{open}{}{close}{tail}", lines.join("\n")));
    }

    #[test]
    fn both_readers_agree_on_flow_collections(inner in "[\\[{]([ab'\"\\[\\]{}:,#!\n ]|a: |'a': |, |!T ){0,12}[\\]}]", tail in "(\nb: c|)\n") {
        agree(&format!("a: {inner}{tail}"));
    }
}

#[test]
#[expect(clippy::disallowed_methods, clippy::print_stderr, reason = "a test may read files and say what it skipped")]
fn both_readers_agree_on_real_files() {
    let Ok(root) = std::env::var("STACKFLEET_CONFORMANCE") else {
        eprintln!("skipped: STACKFLEET_CONFORMANCE is not set");
        return;
    };
    let (mut quickly, mut read) = (0, 0);
    for folder in ["templates", "sam/success/input", "sam/error/input"] {
        for entry in std::fs::read_dir(format!("{root}/{folder}")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml") {
                read += 1;
                quickly += usize::from(agree(&std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    eprintln!("{quickly} of {read} files read quickly");
    assert!(quickly * 10 >= read * 9, "{quickly} of {read}");
}

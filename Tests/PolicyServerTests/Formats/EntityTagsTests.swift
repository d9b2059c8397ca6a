import ControlPlane
import PolicyServer
import Testing

/// Tests of RFC 9110 sections 8.8.3 and 13.1.
struct EntityTagsTests {
    @Test(arguments: [
        (#""42""#, RevisionMatch.oneOf([42])),
        (#""42", "43""#, .oneOf([42, 43])),
        (#""42" ,"43""#, .oneOf([42, 43])),
        ("*", .any), (" * ", .any),
        (#""abc""#, .oneOf([])),
        (#""a,b", "7""#, .oneOf([7])),
        (#""""#, .oneOf([])),
        (#""042""#, .oneOf([])), (#""+42""#, .oneOf([])), (#""-1""#, .oneOf([])),
        (#""0""#, .oneOf([])), (#""99999999999999999999""#, .oneOf([])),
        (#"W/"42""#, .oneOf([])),
    ])
    func `strong comparison matches strong tags only`(_ value: String, _ match: RevisionMatch) {
        #expect(EntityTags.parse(value, .strong) == match)
    }

    @Test(arguments: [
        (#"W/"42""#, RevisionMatch.oneOf([42])), (#"W/"42", "43""#, .oneOf([42, 43])),
    ])
    func `weak comparison also matches weak tags`(_ value: String, _ match: RevisionMatch) {
        #expect(EntityTags.parse(value, .weak) == match)
    }

    @Test(arguments: [
        "", "42", #""42"#, #"42""#, #""42" "43""#, #""42","#, #", "42""#, #"w/"42""#, "*, *",
    ])
    func `a value that is not a list of tags is malformed`(_ value: String) {
        #expect(EntityTags.parse(value, .strong) == nil)
    }

    @Test func `the tag of a revision reads back as that revision`() {
        let tag = EntityTags.tag(.max)
        #expect(EntityTags.parse(tag, .strong) == .oneOf([.max]))
    }

    @Test(arguments: [
        (#""a-1""#, true), (#"W/"a-1""#, true), (#""b", "a-1""#, true), ("*", true),
        (#""a-2""#, false), (#""a-""#, false), (#""""#, false), ("a-1", nil), (#""a-1"x"#, nil),
    ])
    func `a list of tags names one or not`(_ value: String, _ names: Bool?) {
        #expect(EntityTags.names(#""a-1""#, in: value) == names)
    }
}

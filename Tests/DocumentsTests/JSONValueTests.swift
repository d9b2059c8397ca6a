import Documents
import Testing

struct JSONValueTests {
    @Test func equalityIgnoresTheOrderOfMembersButNotOfElements() throws {
        let one = try JSONParser.parse(#"{"a":1,"b":[1,2]}"#)
        let other = try JSONParser.parse(#"{"b":[1,2],"a":1.0}"#)
        #expect(one == other)
        #expect(one.hashValue == other.hashValue)
        #expect(try JSONParser.parse("[1,2]") != JSONParser.parse("[2,1]"))
        #expect(one != ["a": 1])
        #expect(one != ["a": 1, "c": [1, 2]])
    }

    @Test func equalityOfLargeObjectsIsNotQuadratic() {
        let members = (0..<100_000).map { (key: "key\($0)", value: JSONValue.null) }
        let one = JSONObject(uncheckedMembers: members)
        let other = JSONObject(uncheckedMembers: members.reversed())
        #expect(one == other)
    }

    @Test func settingAMemberKeepsItsPosition() {
        var object = JSONObject()
        object["a"] = 1
        object["b"] = 2
        object["a"] = 3
        #expect(object.keys == ["a", "b"])
        object["a"] = nil
        #expect(object.keys == ["b"])
        #expect(object["a"] == nil)
    }

    @Test(arguments: [("a", "/a"), ("a/b", "/a~1b"), ("m~n", "/m~0n"), ("", "/"), ("~1", "/~01")])
    func pointersAreEscaped(key: String, pointer: String) {
        #expect(JSONPointer.append("", key) == pointer)
    }
}
